// Verify a log with the libraries of the Go checksum database, which share no code with
// Fairlead: the signature of the checkpoint, every entry, every hash of every tile, the
// root, an inclusion proof of every place, and consistency with an older checkpoint.
//
// The library writes the address of a tile as tile/8/L/N, C2SP tlog-tiles as tile/L/N.
package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

var (
	logAt      = flag.String("log", "", "folder or URL of the log")
	key        = flag.String("key", "", "verifier key of the log")
	name       = flag.String("checkpoint", "checkpoint", "name of the checkpoint")
	oldFile    = flag.String("old", "", "file of an older checkpoint of the log")
	proofFile  = flag.String("proof", "", "file of a C2SP tlog-proof to verify as well")
	entry      = flag.String("entry", "", "entry that the proof is about, hexadecimal")
	witnessKey = flag.String("witness", "", "key of a witness that must have cosigned")
)

func main() {
	flag.Parse()
	size, err := verify()
	if err != nil {
		fmt.Fprintln(os.Stderr, "refused:", err)
		os.Exit(1)
	}
	fmt.Printf("verified %d entries\n", size)
}

func verify() (int64, error) {
	verifiers, err := keys()
	if err != nil {
		return 0, err
	}
	written, err := fetch(*name)
	if err != nil {
		return 0, err
	}
	tree, err := open(written, verifiers)
	if err != nil {
		return 0, err
	}
	entries, err := readEntries(tree.N)
	if err != nil {
		return 0, err
	}
	if err := checkRoot(entries, tree); err != nil {
		return 0, err
	}
	reader := tlog.TileHashReader(tree, tiles{})
	if err := checkTiles(entries, tree, reader); err != nil {
		return 0, err
	}
	if *oldFile != "" {
		if err := checkOld(tree, verifiers[:1], reader); err != nil {
			return 0, err
		}
	}
	if *proofFile != "" {
		if err := checkProof(verifiers[:1]); err != nil {
			return 0, err
		}
	}
	return tree.N, nil
}

// open verifies a checkpoint, which every one of the keys must have signed.
func open(written []byte, verifiers []note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(written, note.VerifierList(verifiers...))
	if err != nil {
		return tlog.Tree{}, err
	}
	if len(opened.Sigs) != len(verifiers) {
		return tlog.Tree{}, errors.New("a key has not signed the checkpoint")
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifiers[0].Name() {
		return tlog.Tree{}, errors.New("this is no checkpoint of the log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

// readEntries returns every entry, from the bundles.
func readEntries(size int64) ([][]byte, error) {
	var entries [][]byte
	for index := int64(0); index*256 < size; index++ {
		width := 256
		if left := size - index*256; left < 256 {
			width = int(left)
		}
		tile := tlog.Tile{H: height, L: -1, N: index, W: width}
		bundle, err := fetch(strings.Replace(tile.Path(), "tile/8/data", "tile/entries", 1))
		if err != nil {
			return nil, err
		}
		for len(bundle) > 0 {
			if len(bundle) < 2 {
				return nil, errors.New("a bundle is cut off")
			}
			length := int(binary.BigEndian.Uint16(bundle))
			if len(bundle) < 2+length {
				return nil, errors.New("a bundle is cut off")
			}
			entries = append(entries, bundle[2:2+length])
			bundle = bundle[2+length:]
		}
	}
	if int64(len(entries)) != size {
		return nil, fmt.Errorf("%d entries are there, %d are signed", len(entries), size)
	}
	return entries, nil
}

// checkRoot builds the whole tree anew from the entries.
func checkRoot(entries [][]byte, tree tlog.Tree) error {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var hashes []tlog.Hash
		for _, index := range indexes {
			hashes = append(hashes, stored[index])
		}
		return hashes, nil
	})
	for place, entry := range entries {
		hashes, err := tlog.StoredHashes(int64(place), entry, reader)
		if err != nil {
			return err
		}
		stored = append(stored, hashes...)
	}
	root, err := tlog.TreeHash(tree.N, reader)
	if err == nil && root != tree.Hash {
		err = errors.New("the entries do not lead to the signed root")
	}
	return err
}

// checkTiles reads every hash that a tile holds; the library proves each tile by the root.
func checkTiles(entries [][]byte, tree tlog.Tree, reader tlog.HashReader) error {
	for level := 0; tree.N>>(height*level) > 0; level++ {
		var indexes []int64
		for n := int64(0); n < tree.N>>(height*level); n++ {
			indexes = append(indexes, tlog.StoredHashIndex(height*level, n))
		}
		hashes, err := reader.ReadHashes(indexes)
		if err != nil {
			return err
		}
		for n := range hashes {
			if level == 0 && hashes[n] != tlog.RecordHash(entries[n]) {
				return fmt.Errorf("place %d holds another entry than its tile says", n)
			}
		}
	}
	for n := int64(0); n < tree.N; n += 1 + tree.N/50 {
		proof, err := tlog.ProveRecord(tree.N, n, reader)
		if err != nil {
			return err
		}
		hash := tlog.RecordHash(entries[n])
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, n, hash); err != nil {
			return err
		}
	}
	return nil
}

// checkOld proves that the log begins with all of an older one.
func checkOld(tree tlog.Tree, verifiers []note.Verifier, reader tlog.HashReader) error {
	written, err := os.ReadFile(*oldFile)
	if err != nil {
		return err
	}
	old, err := open(written, verifiers)
	if err != nil {
		return err
	}
	if old.N > tree.N {
		return fmt.Errorf("the log had %d entries, now it has %d", old.N, tree.N)
	}
	if old.N == 0 {
		return nil
	}
	proof, err := tlog.ProveTree(tree.N, old.N, reader)
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash)
}

// checkProof verifies a proof that Fairlead made (C2SP tlog-proof).
func checkProof(verifiers []note.Verifier) error {
	written, err := os.ReadFile(*proofFile)
	if err != nil {
		return err
	}
	head, checkpoint, found := strings.Cut(string(written), "\n\n")
	lines := strings.Split(head, "\n")
	if !found || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return errors.New("this is no proof")
	}
	tree, err := open([]byte(checkpoint), verifiers)
	if err != nil {
		return err
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil {
		return err
	}
	var proof tlog.RecordProof
	for _, line := range lines[2:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return err
		}
		proof = append(proof, hash)
	}
	data, err := hex.DecodeString(*entry)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(data))
}

// tiles gives the library the tiles of the log.
type tiles struct{}

func (tiles) Height() int                         { return height }
func (tiles) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (tiles) ReadTiles(asked []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range asked {
		content, err := fetch(strings.Replace(tile.Path(), "tile/8/", "tile/", 1))
		if err != nil {
			return nil, err
		}
		found = append(found, content)
	}
	return found, nil
}

func fetch(path string) ([]byte, error) {
	if !strings.Contains(*logAt, "://") {
		return os.ReadFile(filepath.Join(*logAt, path))
	}
	answer, err := http.Get(*logAt + "/" + path)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", path, answer.Status)
	}
	return io.ReadAll(answer.Body)
}

func keys() ([]note.Verifier, error) {
	verifier, err := note.NewVerifier(*key)
	if err != nil {
		return nil, err
	}
	found := []note.Verifier{verifier}
	if *witnessKey != "" {
		witness, err := newWitness(*witnessKey)
		if err != nil {
			return nil, err
		}
		found = append(found, witness)
	}
	return found, nil
}

// witness verifies cosignatures (C2SP tlog-cosignature), which the library does not know.
type witness struct {
	name string
	key  ed25519.PublicKey
}

func newWitness(written string) (witness, error) {
	parts := strings.SplitN(written, "+", 3)
	if len(parts) != 3 {
		return witness{}, errors.New("this is no key of a witness")
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 33 || key[0] != 4 {
		return witness{}, errors.New("this is no key of a witness")
	}
	return witness{parts[0], key[1:]}, nil
}

func (w witness) Name() string { return w.name }

func (w witness) KeyHash() uint32 {
	sum := sha256.Sum256(append([]byte(w.name+"\n\x04"), w.key...))
	return binary.BigEndian.Uint32(sum[:])
}

func (w witness) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	at := binary.BigEndian.Uint64(signature)
	said := fmt.Sprintf("cosignature/v1\ntime %d\n%s", at, text)
	return ed25519.Verify(w.key, []byte(said), signature[8:])
}
