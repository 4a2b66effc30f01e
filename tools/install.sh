# Sourced. install_package WHY NAME…: install the first of these names that there is,
# through whichever package manager there is; otherwise say what is lacking.

install_package() {
    why=$1
    shift
    if [ "$(uname)" = Darwin ] && command -v brew >/dev/null; then
        manager=brew
    else
        for manager in apt-get dnf apk ''; do
            [ -z "$manager" ] || ! command -v "$manager" >/dev/null || break
        done
    fi
    if [ -z "$manager" ]; then
        echo "Install $1 $why, and run this again." >&2
        return 1
    fi
    as_root=
    if [ "$(id -u)" != 0 ] && [ "$manager" != brew ]; then
        as_root=sudo
        if ! command -v sudo >/dev/null; then
            echo "Install $1 $why, as the administrator, and run this again." >&2
            return 1
        fi
    fi
    if [ "$manager" = apt-get ]; then
        $as_root apt-get update -qq || true
    fi
    for name in "$@"; do
        echo "Installing $name $why." >&2
        if _install "$name"; then
            return 0
        fi
    done
    echo "$1 could not be installed; install it $why, and run this again." >&2
    return 1
}

_install() {
    case $manager in
    apt-get)
        $as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq \
            ${without_recommended:+--no-install-recommends} "$1" >/dev/null
        ;;
    dnf) $as_root dnf install -y -q "$1" ;;
    apk) $as_root apk add --quiet "$1" ;;
    brew) brew install --quiet "$1" ;;
    esac
}
