# Sourced: install_package NAME WHY, through whichever package manager there is.

install_package() {
    name=$1
    why=$2
    as_root=
    if [ "$(id -u)" != 0 ]; then
        as_root=sudo
        if ! command -v sudo >/dev/null; then
            echo "Install $name $why, as the administrator, and run this again." >&2
            return 1
        fi
    fi
    echo "Installing $name $why." >&2
    if command -v apt-get >/dev/null; then
        $as_root apt-get update -qq
        DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq "$name" >/dev/null
    elif command -v dnf >/dev/null; then
        $as_root dnf install -y -q "$name"
    elif command -v apk >/dev/null; then
        $as_root apk add --quiet "$name"
    elif command -v brew >/dev/null; then
        brew install --quiet "$name"
    else
        echo "Install $name $why, and run this again." >&2
        return 1
    fi
}
