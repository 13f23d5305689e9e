#!/usr/bin/env bash
# Builds what tablet and server share, for browsers, into web/engine/pkg: `form` fills forms in,
# `tablet` keeps, syncs and signs. Each is WebAssembly, JavaScript and types.
#
# WebAssembly needs Rust's standard library for it: the toolchain's own, or Debian's packages.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo=${CARGO:-cargo}
target=wasm32-unknown-unknown
sysroot=$(rustc --print sysroot)
options=(build --quiet --package engine --profile wasm --target "$target" --target-dir target/wasm
  --no-default-features)
if [ -d "$sysroot/lib/rustlib/$target" ]; then
  build() { "$cargo" "${options[@]}" --features "$1"; }
elif [ -x /usr/bin/rustc ] && compgen -G "/usr/src/rustc-*/library/std" >/dev/null; then
  linker=$(echo "$sysroot"/lib/rustlib/*/bin/rust-lld)
  build() {
    # What a panic would say is left out: nothing of the engine panics.
    RUSTFLAGS='-Zlocation-detail=none -Zfmt-debug=none -Zunstable-options -Cpanic=immediate-abort' \
    RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$linker \
      "$cargo" "${options[@]}" --features "$1" -Z build-std=std,panic_abort \
      -Z build-std-features=optimize_for_size
  }
else
  echo "The engine for browsers needs Rust's library for WebAssembly. One of:"
  echo "  rustup target add $target"
  echo "  sudo apt-get install rustc-web rust-web-src"
  exit 1
fi
# The most bytes after gzip.
declare -A limits=([form]=317440 [tablet]=153600)
for part in form tablet; do
  build "$part"
  cp "target/wasm/$target/wasm/engine.wasm" "target/wasm/$part.wasm"
  "$cargo" run --quiet --release --manifest-path web/bindings/Cargo.toml \
    --target-dir target/bindings -- "target/wasm/$part.wasm" "web/engine/pkg"
  size=$(gzip -9 -c "web/engine/pkg/${part}_bg.wasm" | wc -c)
  echo "web/engine/pkg/${part}_bg.wasm: $size bytes after gzip, of ${limits[$part]} at most"
  [ "$size" -le "${limits[$part]}" ]
done
