#!/usr/bin/env bash
# The image without an image: the static binary, built with the Dockerfile's own flags, in a root that holds nothing else
# but /data and /tmp, as the user of the image. Needs root for chroot; without it, says so and passes.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [[ $(id -u) -ne 0 ]]; then
    echo "skipped: chroot needs root"
    exit 0
fi

flags=$(sed -n "s/.*RUSTFLAGS='\([^']*\)'.*/\1/p" Dockerfile)
user=$(sed -n 's/^USER //p' Dockerfile)
features=$(sed -n 's/.*cargo build .*\(--features [^ ]*\).*/\1/p' Dockerfile)
[[ -n $flags && -n $user && -n $features ]] || { echo "the Dockerfile's flags, features or user were not found" >&2; exit 1; }
host=$(rustc -vV | sed -n 's/^host: //p')
# Not optimised: what is tested is that it runs in an empty root.
# shellcheck disable=SC2086
RUSTFLAGS=$flags cargo build --locked $features --target "$host" --target-dir target/static
binary=target/static/$host/debug/staves
if file "$binary" 2>/dev/null | grep -q "dynamically linked"; then
    echo "the binary is not static: $(file "$binary")" >&2
    exit 1
fi

root=$(mktemp -d)
server= front=
end() {
    [[ -z $server ]] || kill "$server" 2>/dev/null || true
    [[ -z $front ]] || kill "$front" 2>/dev/null || true
    rm -rf "$root"
}
trap end EXIT
mkdir -p "$root/data" "$root/tmp" "$root/etc"
chmod 1777 "$root/tmp"
chmod 755 "$root"
cp "$binary" "$root/staves"
clean=(env -i PATH="$PATH" STAVES_HOST=127.0.0.1 STAVES_DATA=/data STAVES_PORT=0)
in_root=(chroot --userspec="$user" "$root" /staves)

echo "== /data that cannot be written is said"
chown root:root "$root/data"
if said=$("${clean[@]}" "${in_root[@]}" 2>&1); then
    echo "it started" >&2
    exit 1
fi
echo "$said"
grep -q "cannot write to the data directory /data" <<<"$said"

echo "== it serves, keeps, and stops when asked to"
chown "$user" "$root/data"
"${clean[@]}" STAVES_READY_JSON=on STAVES_BUCKET=bkt "${in_root[@]}" >"$root/ready" 2>"$root/log" &
server=$!
for _ in $(seq 100); do
    [[ -s $root/ready ]] && break
    sleep 0.1
done
endpoint=$(sed -n 's/.*"endpoint":"\([^"]*\)".*/\1/p' "$root/ready")
[[ -n $endpoint ]] || { cat "$root/log" >&2; exit 1; }
"${clean[@]}" "${in_root[@]}" health --url "$endpoint/_staves/health"
head -c 100000 /dev/urandom >"$root/tmp/body"
put=$("${clean[@]}" "${in_root[@]}" presign s3://bkt/key --method PUT --endpoint "$endpoint")
get=$("${clean[@]}" "${in_root[@]}" presign s3://bkt/key --endpoint "$endpoint")
curl --silent --show-error --fail-with-body --upload-file "$root/tmp/body" "$put"
curl --silent --show-error --fail-with-body "$get" | cmp - "$root/tmp/body"

echo "== a control plane in front of it, by a name that /etc/hosts knows, as Docker's names are known"
echo "127.0.0.1 upstream" >"$root/etc/hosts"
"${clean[@]}" STAVES_READY_JSON=on STAVES_DURABILITY=memory STAVES_UPSTREAM="http://upstream:${endpoint##*:}" \
    STAVES_UPSTREAM_ACCESS_KEY=test STAVES_UPSTREAM_SECRET_KEY=test STAVES_UPSTREAM_PUBLIC_URL="$endpoint" \
    "${in_root[@]}" >"$root/front" 2>"$root/front.log" &
front=$!
for _ in $(seq 100); do
    [[ -s $root/front ]] && break
    sleep 0.1
done
api=$(sed -n 's/.*"gjirafa":"\([^"]*\)".*/\1/p' "$root/front")/api/projects/p1/uploads
ask() { curl --silent --show-error --fail-with-body -H 'Authorization: test' "$@" || { cat "$root/front.log" >&2; exit 1; }; }
single=$(ask "$api/url" --json '{"fileName": "body"}')
value() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" <<<"$2"; }
curl --silent --show-error --fail-with-body --upload-file "$root/tmp/body" "$(value url "$single")"
path=$(value downloadPath "$(ask -X POST "$api/success/$(value requestKey "$single")")")
[[ $path == "$endpoint/gjirafa-p1/"* ]] || { echo "not on the upstream: $path" >&2; exit 1; }
curl --silent --show-error --fail-with-body "$path" | cmp - "$root/tmp/body"
kill -TERM "$front"
wait "$front"
front=

kill -TERM "$server"
wait "$server"
server=
"${clean[@]}" "${in_root[@]}" check
[[ $(stat -c %u:%g "$root/data/staves.db") == "$user" ]]
echo "well"
