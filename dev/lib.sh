# Shared by the scripts of dev/: where things are, what is missing, how to build. Sourced, not run.
# shellcheck shell=bash
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${HP_BUILD:-$top/build}

say() { printf '%s\n' "$*" >&2; }
die() { say "$(basename "$0"): $*"; exit 1; }

# Installs the packages of dev/packages that are missing, without questions.
install_packages() {
	local missing=() name
	while read -r name; do
		[[ $name == \#* || -z $name ]] && continue
		[[ $(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null) == installed ]] ||
			missing+=("$name")
	done <"$top/dev/packages"
	((${#missing[@]})) || return 0
	say "installing: ${missing[*]}"
	local root=()
	if ((EUID != 0)); then
		command -v sudo >/dev/null || die "needs root or sudo to install ${missing[*]}"
		root=(sudo)
	fi
	"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq update >&2
	"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
		install "${missing[@]}" >&2
}

# Configures (once) and builds in directory $1 with the configure options that follow.
build_in() {
	local dir=$1
	shift
	[[ -x $top/configure ]] || (cd "$top" && ./autogen.sh) >&2
	mkdir -p "$dir"
	if [[ ! -f $dir/Makefile ]]; then
		say "configuring $(basename "$dir")"
		(cd "$dir" && "$top/configure" --quiet "$@") >&2
	fi
	say "building $(basename "$dir")"
	make -C "$dir" --no-print-directory -s -j"$(nproc)" >&2
}
