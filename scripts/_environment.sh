# Sourced by the scripts: finds the checkout and its virtual environment, and works in the checkout, where
# its settings are. Servers that quickstart.sh or start-redis.sh left running `tally` finds in $STATE itself.
HERE="$PWD"
# Where it is set, `cd` may go elsewhere, and says where it went.
unset CDPATH
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

# What is named without a folder is where the caller is.
from_here() {
  case "$1" in
    "" | - | /*) printf '%s' "$1" ;;
    *) printf '%s/%s' "$HERE" "$1" ;;
  esac
}

# The words of a command line become WORDS; what follows one option is a file of the caller's, if it begins
# with the mark given.
words_from_here() {
  local option="$1" mark="$2" word before=""
  shift 2
  WORDS=()
  for word in "$@"; do
    if [[ "$before" == "$option" && "$word" == "$mark"* ]]; then
      WORDS+=("$mark$(from_here "${word#"$mark"}")")
    elif [[ "$word" == "$option=$mark"* ]]; then
      WORDS+=("$option=$mark$(from_here "${word#"$option=$mark"}")")
    else
      WORDS+=("$word")
    fi
    before="$word"
  done
}

STATE="$(from_here "${TALLY_STATE_DIR:-$ROOT/.tally}")"
export TALLY_STATE_DIR="$STATE"
[ -z "${TALLY_CONFIG:-}" ] || TALLY_CONFIG="$(from_here "$TALLY_CONFIG")"
cd "$ROOT"

tally() {
  if [ -x "$ROOT/.venv/bin/tally" ]; then
    "$ROOT/.venv/bin/tally" "$@"
  else
    command tally "$@"
  fi
}
