"""How common a word is: a small frozen table, so that no stored report counts.

Stems of words by the share of documents that hold them: 21,988 CVE descriptions (CISA
vulnrichment, October 2024, CC0), 1,529 PYSEC records (CC-BY 4.0) and 5,714 excerpts of
60 lines from source files of the Python standard library and common C headers.
A word that is not in the table is rare.
"""

from __future__ import annotations

_BAND_0 = """
ac acces add affect all allow an and any arbitrary are as at attack attacker authentic
base be been befor bool but by call can caus chang char check clas code component
compromis const copy copyright could cre cros data def default defin do due else end
endif error even except execut exploit fals fil file fix for format found free from
function gener get has have http id if ifndef impact import in includ info init input
int internal is issu it kernel key lead licens list may modul more must name network
new no none not number object of on one only open option or oracl org other out page
pass path possibl privileg product provid public remot result return script see self
server servic set should site size so sourc str struct successful support system text
that the this through to true typ type ui unauthoriz under unsign use used user using
valu vector version via void vulnerability vulnerabl was we web when which will with
without www you
"""

_BAND_1 = """
01 10 16 32 509 64 86 ability about abov accessibl action additional addres admin
after algorithm alloc along already also alway annot apach api app append applic arg
argument array asn assert associ attr attribut author av availability availabl back
bas becaus begin being binary bit block both bound break bsd buffer build bypas byt
byte cach cannot case character clang classifi clear client clos cmp com command
comment commit common compil complet complianc condition confidentiality config
configur connection constant contain content context continu control core count
cplusplus craft crash critical crypto ctx current cvss damag databas date debian debug
declar decod definition delet denial deprec description detail devic dict different
dir direct directory disclos disclosur discover distribut distribution doc document
doe don dos dup dur each earlier easi edit either element elif empty enabl encod entry
enum escal escap event ex exampl exception execution exist existenc expect explicit
exploitabl export expres ext extension extern fail field filenam find first fitnes
flag flaw float follow forgery form full func functionality futur general generic git
given global gnu gpl grant group handl hash head header help here high hope html human
identifier idx ifdef ignor implement impli improper inc index indic inform initializ
inject injection inlin insert instal instanc instead insufficient integer integrity
interaction interfac into invalid io isinstanc item iter its java join just keyword
kind lack last later left len length level leverag lib library like limit line link
linux llvm load loc local log long lost low machin macro made main mak make malicious
management manager manipul map mapp mark mask match max md mean memory merchantability
merg messag method miss mode modify most multipl my nam namespac need neutraliz next
node non note notic now null num obj obtain off offset once op openssl oper operator
optional order os ossl otherwis output over overflow overrid packag pag param
parameter pars part particular patch pattern perform perl permission person php
platform plugin point pointer pop potential pr pragma pre prefix pres present print
prior priv proces program project proper property protocol provider ptr publish purpos
push py pysec python rais rang raw re read receiv redistribut ref referenc register
rel releas remote remov replac report represent request requir reserv resolv right
root run same sanitiz scor second section security send sensitiv sequenc sett shal
shar shift sign significant sinc singl sk softwar some sort spac spdx special specifi
specific split sql src ssl st stack standard start stat static status std stor stream
strict structur styl sub subcomponent subject such suppli symbol sys tabl tag target
templ term test than their them then ther thes they thread time token tree trigger try
tupl two txt typedef ucd uint unauthentic undef unicod union unknown unles up upd url
usag useful usr utf util valid var variabl vdb want warn warranty way well what wher
whether whil window within word work would writ written xss your zero
"""

_BAND_2 = """
00 02 03 04 05 06 08 11 12 128 13 14 15 18 20 224 256 30 384 40 48 512 60 65 80 aa ab
abc abi able abstract accept account activ actor actual addon addr administrator adt
advertis advis against alg alia alias align am analys analysis another anyth ap appear
appropri archiv argv aris around asci ask asm assign assum async attempt auth authoriz
auto automatical avoid await backend background backward bad bar basic basis bb
behavior below better between big bin bind bio blob body boolean border branch broken
browser buf bug builder built builtin busines bygroup ca callabl callback caller
capability cas cast catch category cb cc cd ce cert certain certific cf chain channel
charg cherrypick child children choic cipher claim classmethod claus clean cleanup
click clon cls cmd cms cod codester collection color column combin comm commerc comp
compar comparison compatibility compatibl compfunc compiler comput conf connect
consequential consider consol constraint construct constructor contact contract
contributor controller convert copyfunc corpor correct correspond corruption cover
cpan cpu credential crl cs csrf ctrl curv custom cut cve da day db dc dd de deal decl
deep del deletion depend dependency depth der dereferenc deriv describ descriptor
destroy detect determin dev dictionary did die diff differenc difficult digest digit
disabl disclaim disclaimer display dist div doesn doing domain done doubl down
download driver drop ds dsa dump duplic dynamic ear ec ed effect elementor elev email
emit en enc encrypt endpoint engin enough ensur enter enterpris enumer env environment
eq equal equivalent err etc eval every evp exact exc exclud exec executabl exit
exposur expr expression extend external extra extract fa failur fami fast fault fb fc
fd featur fee fetch ff fill filter final finish firmwar floor flow flush fn font foo
forc formatter forward fp fram framework freefunc frequent friend fs furnish fusion
gain gc gcc gen generator getattr github give go good googl graph gt handler hang
happen hardwar hav heap height helper hereby hex hold holder home hook host how
however href hub ibm icu identifi imag impl improv incidental incorrect indent
indirect individual infrastructur inherit initi initial insid inst instruction intel
interpret interruption invok ip ir isa isn iso issuer iterabl iterator itself js json
keep know known kwarg label lambda languag larg latin launch law le leak learn least
legacy less lesser let letter lexer li liability liabl libctx lin literal litestar ll
lock logg logger logic login logon longer look lookup loop loss lower lt ma mac magic
mail maintain major makefil malloc manag manual many material maximum mayb mc mem
member met meta metadata meth middlewar might min minor mit mixin mktabl mod model
modifi modific move mozilla msg multi multilin nativ necessary negativ negligenc
neither nest net never nid nod noninfringement noqa nor normal normaliz noth nullptr
occur octet oi oid ok old onlin ops opt optimiz original ostream our outsid own owner
pack packet pad pair parent parser partial password payload pdf per performanc permit
pid pip pkc pkey pl plac plain pleas pm pnum policy pool port portion pos position
posix possibility post power precompil prepar preserv prevent previous primitiv
problem problematic proc produc profil profit promot prompt propq protect prov pub
pull punctu put pygment query queu quot qw random rather rc reader real reason recent
recommend record red redirect redistribution reduc refer reflect reg regex regular
relativ remain renam render repeatabl repository repr reproduc req requirement reset
resourc respond respons restrict restriction ret retain retriev revers rfc rip router
routin rsa rul rule runn runtim safe sampl save scalar schem schema scop search sec
select sell separ serial session setup sha shel short show side sig signal signatur
similar simpl sizeof skip skm slot smal socket soft someth span spec specify stabl
startswith statement stder stdout stil stop storag strip subclas sublicens subset
substantial substitut succes suffix suit summary sun super sure switch sync synopsis
syntax syscal sz taint tak take takeover task tcl team tell tenda tensor tensorflow
termin terminal tf theory thing thos thre throw thus tim timeout timestamp titl tls
todo too tool top tort total tr trac traceback track trail transform transl traversal
trick ts turn typenam typical ul undefin underly unicor uniqu unit unix unshift
unspecifi unsupport until untrust unus upgrad upload upstream uri us usa usual utility
val variant various vendor verify versionad very victim view virtual visit vm wait
were whenever whitespac who whom widget width win won woo workaround wp wrap wrapper
writer xa xb xe xml yet yield zdi zip
"""

_BAND_3 = """
000 0000 00000001 00000002 00000008 0001 0002 0004 0008 0010 0020 0100 07 09 100 1000
110 120 130 140 150 160 17 170 180 19 190 192 200 2000 21 22 23 24 25 25519 26 27 28
29 300 31 33 34 35 36 37 38 386 39 390 400 4000 401 41 42 43 44 440 448 46 47 50 51 52
53 54 55 56 57 58 59 61 62 63 66 67 68 69 70 71 72 73 74 75 76 77 78 79 800 8000 81 82
83 84 85 87 88 89 90 91 92 93 94 95 96 97 98 99 aarch abort abs absolut abspath
abstractmethod abus accesskey accessor accord achiev acquir acros act activity acut ad
adapt adapter addition adjacent adjust administr administrativ adob advanc advisory ae
aes af again agent aggreg agre agreement ai airflow aix ajax aka alchemy algor
alignment alloca allocator almost alon alp alpha alt alter altern alternativ
alternative although amd amount analytic analyz anchor andrea andrew android ansi
ansibl answer appl applet appli applianc applicabl apply approach ar arch architectur
area aren argc aria arithmetic arm articl artistic asc asgi assemb assertion
assignment assumption ast asynchronous asyncio atom atomic attach attrnam au audit
authority autom aux awar ax azur ba backslash backtrac backup bank bare basenam bash
batch bc bd becom behav behaviour ben best bf bg bgcolor bi bignum bitmap black blam
blank bles blue bluetooth bm bn bold book boot bootstrap boston bottom boundary box bp
br bracket bridg brief brows brut bs bullet bump bundl bus button bytearray calcul
calendar california campcod cancel candid canonical canonicaliz cap capital captur
card care careful caron carp cat catalog cbc ceil cell cellpad cellspac center certid
cfg cflag cgi ch charset chat checker checkout choos chrom chromium chunk ci
circumflex cisco cjs cl cli clock closur cloud cluster cm co codec codegen col coll
collect colon come comma commercial communic community company compat complete
completion complex compliant compres compression computer concret concurrent cond
conditional conduct confirm conflict confus conjunction conn connector consist
consistent consortium constexpr constprop consult consum consumption cont container
contextlib contextmanager contrib contribut contribution convenienc convention
conversion converter convinc cooki copi corrupt cost counter country cours cp cpp
cpython cr crc credit crm crmf croak crypt cryptoer cryptographic cryptography csaf
css cstdint cstr ct ctlog ctxt ctyp cu cur cursor customer cv cwd cwe cxx cycl cygwin
daemon dangerous daniel dark darwin dash dashboard dat dataclas datetim david dead
deadlock dealloc debugger debuginfo dec decid decimal decoder decor decorator decrypt
defer delay delimiter dell delta dens dep dependent deploy deployment deprecatedin
derivativ des desc deserializ design desir desktop dest destin destructor detach
detection develop developer development df dgst dh di diaeresis diag diagnostic
dialect dialog didn differ digital dimension directiv dirnam disallow discard
disconnect discussion disk dispatch disput distinct distinguish distutil divid
division django dl dll dma dns doal doctyp dom dominator dot dr draft draw drm dry dso
dst dt dtd dual ducet dummy dumper dwarf dyn ea easy eb ecdsa echo ecx edg edge
editabl edition editor edu edward ee ef effectiv efficient eflag eg egg el elem elf
elimin elsif em emac emb embed emul encoder encounter encryption endian endors
endswith enforc engineer entir entire entity envelop environ eof epoch equality equiv
eras eric errno es especial esr ess establish et eu evalu ever everyth exclusiv exe
executor exemplary exp expand expat experienc experimental expir explain exporter
expos extent face fact factor factory fake faker fall fallback faq far faster fatal
fcntl fe feed femal few fff ffff fffffff ffi fh fi fifth figur fileno filesystem
finaliz financial finder fine fip fipskey firefox firewal fit fixer fixm fixtur
flexcub flo fmt fnam fold folder foreach foreign forg fork former forti fortinet four
fr fragment franklin fre freedesktop frequency front frozen frozenset fsck ft ftp ful
fullnam functool further fuzz gallery gateway ge getopt gett ghsa gi gid gif gitlab
giv gl glibc glibcx glob gmail gnom gnuc goal goe goform going got goto govern gpu
grab graphic grav greater green grep grid grow gs guarante guard gues guest guid gz
had half hand hard hasattr hashfunc hat hazmat hdr held hello henc heuristic hidden
hide higher highlight hijack hint history hmac honor hospitality hostnam hour hr hw
hwfram hypothesis ia idea ident identical identific identify identity idle ids ie ietf
ignorecas ii illegal ilp img immediate immutabl imp implicit important importlib
inclusion incompatibl incomplet inconsistent increas increment incremental independent
inf infinit infinity ing initializer inner insecur insensitiv insertion inspect
installer instanti instr instrument integr intend interactiv interest internet interp
interpol interpreter interrupt interval intrinsic intro introduc introduction
invariant invert invoc involv ioctl ior iow ipc ipv irq isol italic iv ix jam jan
javascript jit job john jp jump juniper juno kasan kdf kept keyboard keyid kfre kill
kit kmalloc knl ks kthread kw kworker la lab lang larger latest latter layer layout
lazy lc ld leav legal lexical lgpl lh lhash lhs libc libstdc libxml libxslt light
lineno linker listen listener lite littl live loader logical lot lowercas lr lru ls
ltd ludovic lvl mach machinery macron maintainer maintenanc maker male malform man
mandatory mangl margin marker markup martin master math matter maxsiz me meant measur
mechanism media medium mention menu metaclas metric mf mi michael micro microsoft
microsystem middl migr millisecond mime mimetyp minimal minimum minus minut mip mirror
misc miscellaneous mismatch mitig mix mm mobil modern modifier monitor monterey month
mount mov mp mpl ms msc mt mtim much mul multisit mut mutabl mutex mypy mypyc na nan
navig nb ndef ne neg netscap nettl newer newlin nf nil nl nm nodej noexcept nonc
notific notify nr ns nspr nss nt nul numeric numerify ob observ obsolet ocsp oct offer
offic official often older omit oop opaqu opcod opensslconf operand optimizer ord
organiz orig origin oss osx outer outfil overlap overload overridden overwrit
ownership owur packard padd panel panic paragraph parallel partition party passlen
passwd past patent pathlib pathnam paul payment pbe pc pci pdb peek peer pem pend
peopl pep percent perf period pertain peter pf pg ph phas phi phras physical pi pick
piec pipe pipelin pk pkg pkt plan plat playwright plug plus png po pod poll popul
popup portabl portal positional positiv possib pp ppc practic preced precision pred
predic preempt prefer preferenc preproc preproces prereq pretty prev prim primary
printer printf priority privacy pro prob probab procedur processor procurement prog
progres promis propag protection proto prototyp proxy ps pseudo pthread pubkey
publicity pure pv pwd pypa pytest qemu qualifi question quick quiet quit ra race rand
rare rat rax rb rbp rbx rce rcu rcx rdi rdx reach readabl readlin readm ready realloc
rebas rec recip recipient recogniz recovery recurs recursion recursiv recv redefin
redhat refcount refresh refus regard regardles regent regexp region registr registry
regression rehash reinterpret reject relevant reloc rely removal renderabl rep repeat
replacement repo res resiz resolution resolver resp respect respective responsibility
responsibl rest restart restor retry reus rev revision revoc revok rewrit rgb rhs rich
richard ring risk rm role round rout row rpc rprimitiv rr rs rsadsi rsi rsp rst rstrip
rt rtyp runner rw rx sa safestack sale salt samsung san sandbox sanitis sap sav say sc
scal scan scenario sch schedul school screen scsi sct sctp sd sdk se secret secur seed
seek seem seen segfault segment sel selection selector semantic sender sens sent
sentinel sep separate separator seq serializ serif serv sery sess setattr setter
setuptool several severity sh shap ship shop shortcod shouldn shown shutdown si signer
silent simp simplify simul sit situ sixty siz skb slab slash slic slider slow sm smart
smim smp smr snapshot social sock sockaddr solaris solution sometim sonoma sourceforg
sp spars spawn spe specializ specifical specifier spkac spoof sprintf sq sqlalchemy
sqlit sqrt srp ss ssh ssiz ssrf stacklevel stag star staticmethod statistic stdin
stdio stdlib step stl stmt strategy street strlen strok strong stub student stuf
stylesheet subdirectory submit submodul subproces subroutin subscriber subsequent
substr subtyp succe sufficient suggest suitability suitabl sum supp supply suppres
susceptibl sv svg sw swap sym symbolic symhack symlink synchroniz syz syzbot syzkaller
tab tail taken tap tar tb tc tcp td te technical technology temp temporary textual th
thank themselv therefor think third thirty thoma though threat threshold tie tied tild
timer timezon tk tm tmp together toggl toml tortious totolink touch tp tracker traffic
trailer trait transaction transfer transparent transport trap travers tre treat tri
tripl trivial trunc trust tt tty tue tv tx ty uaf uefi uid uk ultim un unabl unauth
unchang uncompres uncontrol underlin understand unexpect unfilter uni uninitializ
unittest universal university unlik unlink unlock unpack unreachabl unregister
unrestrict unsaf unset unspec unwrap upon upper uppercas ur urlencod urllib usabl usb
usernam userspac utc uuid va valgrind validator validity valign vc ve vec veillard
ventura ver verbatim verbos verific verifier vertical vfs vg vi video viol virtualiz
visibility visibl visitor visual vlink vms volatil vpn vs vuln walk wasn watch wchar
weak websit week weight whatever whatsoever wheel whit whol whos why wide wifi wiki
wikipedia wildcard wireles wish worker workqueu world wpacket writabl wrong ws xac xae
xc xca xcb xd xea xf xhtml xmln xmlsec xor xs xsl xslt xt xxx yaml year yes za zlib
zone
"""

_WEIGHTS = {
    word: weight
    for weight, band in (
        (0.05, _BAND_0),
        (0.2, _BAND_1),
        (0.4, _BAND_2),
        (0.6, _BAND_3),
    )
    for word in band.split()
}


def weight(word: str) -> float:
    """Return how much sharing *word* says, from 0 (everyone uses it) to 1 (rare)."""
    return _WEIGHTS.get(word, 1.0)
