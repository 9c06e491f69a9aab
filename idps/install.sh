#!/usr/bin/env bash
# Installs the identity providers that tests sign in with: dex and oidc-provider under .cache/idps, SimpleSAMLphp and
# LemonLDAP::NG from Debian's packages. What is there already is left as it is. Needs Go, Node.js with npm, and for
# Debian's packages root; without root it says what to install.
set -euo pipefail
cd "$(dirname "$0")"
cache=$PWD/../.cache/idps
mkdir -p "$cache/bin" "$cache/oidc-provider"

for program in go node npm; do
	command -v "$program" >/dev/null || { echo "make idps: $program is missing; install it and run make idps again" >&2; exit 1; }
done
if (($(node -p 'process.versions.node.split(".")[0]') < 20)); then
	echo "make idps: oidc-provider needs Node.js 20 or later, and this is $(node --version)" >&2
	exit 1
fi

echo "dex $(go -C dex list -m -f '{{.Version}}' github.com/dexidp/dex)"
CGO_ENABLED=0 go -C dex build -o "$cache/bin/" tool

if ! cmp -s oidc-provider/package-lock.json "$cache/oidc-provider/node_modules/.installed"; then
	cp oidc-provider/package.json oidc-provider/package-lock.json "$cache/oidc-provider/"
	npm --prefix "$cache/oidc-provider" ci --ignore-scripts --no-audit --no-fund --loglevel=error
	cp oidc-provider/package-lock.json "$cache/oidc-provider/node_modules/.installed"
fi
echo "oidc-provider $(node -p 'require(process.argv[1]).version' "$cache/oidc-provider/node_modules/oidc-provider/package.json")"

read -r -d '' -a packages < <(sed 's/#.*//' debian.txt) || true
if ! dpkg-query --show --showformat='' "${packages[@]}" 2>/dev/null; then
	if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
		echo "make idps: SimpleSAMLphp and LemonLDAP::NG come from Debian 12's packages; as root:" >&2
		echo "  apt-get install --no-install-recommends ${packages[*]}" >&2
		exit 1
	fi
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}"
fi
dpkg-query --show --showformat='${Package} ${Version}\n' simplesamlphp liblemonldap-ng-portal-perl
