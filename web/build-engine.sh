#!/usr/bin/env bash
# Builds the form engine for browsers into web/engine/pkg: WebAssembly, JavaScript and types.
#
# WebAssembly needs Rust's standard library for it: the toolchain's own, or Debian's packages.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo=${CARGO:-cargo}
target=wasm32-unknown-unknown
sysroot=$(rustc --print sysroot)
options=(build --quiet --package engine --profile wasm --target "$target" --target-dir target/wasm)
if [ -d "$sysroot/lib/rustlib/$target" ]; then
  "$cargo" "${options[@]}"
elif [ -x /usr/bin/rustc ] && compgen -G "/usr/src/rustc-*/library/std" >/dev/null; then
  linker=$(echo "$sysroot"/lib/rustlib/*/bin/rust-lld)
  # What a panic would say is left out: nothing of the engine panics.
  RUSTFLAGS='-Zlocation-detail=none -Zfmt-debug=none -Zunstable-options -Cpanic=immediate-abort' \
  RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$linker \
    "$cargo" "${options[@]}" -Z build-std=std,panic_abort \
    -Z build-std-features=optimize_for_size
else
  echo "The engine for browsers needs Rust's library for WebAssembly. One of:"
  echo "  rustup target add $target"
  echo "  sudo apt-get install rustc-web rust-web-src"
  exit 1
fi
"$cargo" run --quiet --release --manifest-path web/bindings/Cargo.toml \
  --target-dir target/bindings -- "target/wasm/$target/wasm/engine.wasm" web/engine/pkg
size=$(gzip -9 -c web/engine/pkg/engine_bg.wasm | wc -c)
limit=204800
echo "web/engine/pkg: $size bytes of WebAssembly after gzip, of $limit at most"
[ "$size" -le "$limit" ]
