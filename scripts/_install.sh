# Sourced: makes .venv and installs Tally into it with the extras named in EXTRAS, from the lock file,
# unless that is done already. Needs only Python 3.11 or later.
# What developing takes: everything that tests and checks want.
DEVELOPMENT=embedded,dev,demo,reports,xlsx,parquet,jwt,docs-ui,test,lint

install_tally() {
  local extras="$1" stamp want
  want="$extras $(cat "$ROOT/pyproject.toml" "$ROOT/requirements.lock" | cksum) $ROOT"
  stamp="$ROOT/.venv/.tally-installed-$(printf '%s' "$extras" | tr , -)"
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ]; then return; fi
  make_environment "$ROOT/.venv"
  echo "Installing Tally into .venv (once; about a quarter of a minute) …"
  local pip=("$ROOT/.venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile)
  local wanted=(--constraint "$ROOT/requirements.lock" --editable "$ROOT[$extras]")
  # uv takes a third of the time; where it cannot do it (an index that only pip is set up for), pip does.
  { "${pip[@]}" --constraint "$ROOT/requirements.lock" uv &&
    "$ROOT/.venv/bin/uv" pip install --quiet --python "$ROOT/.venv/bin/python" "${wanted[@]}"; } \
    2> /dev/null || "${pip[@]}" "${wanted[@]}"
  # Compiled once and by every processor, our own code too: each process starts faster for it, also where
  # PYTHONDONTWRITEBYTECODE is set. A file that cannot be compiled is one that nobody imports.
  "$ROOT/.venv/bin/python" -m compileall -qq -j 0 "$ROOT/.venv/lib" "$ROOT"/{tally,backend,workers} || true
  printf '%s' "$want" > "$stamp"
}

# Asked for what is used next. One that was begun and broken off is ended; one whose Python is gone is made anew.
make_environment() {
  local python
  has_pip "$1" && return
  python="$(find_python)"
  { "$python" -m venv "$1" > /dev/null 2>&1 && has_pip "$1"; } || "$python" -m venv --clear "$1"
}

has_pip() { "$1/bin/python" -m pip --version > /dev/null 2>&1; }

find_python() {
  local candidate
  for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11; do
    if [ -n "$candidate" ] && command -v "$candidate" > /dev/null &&
      "$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then
      echo "$candidate"
      return
    fi
  done
  echo "Tally needs Python 3.11 or later with the venv module: install it, or name one: PYTHON=…" >&2
  exit 1
}
