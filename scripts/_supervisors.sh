# Sourced: finds the supervisors that start-workers.sh started here.

# Slim images have no ps, and other systems than Linux no /proc.
command_of() {
  { tr '\0' ' ' < "/proc/$1/cmdline" || ps -p "$1" -o args=; } 2> /dev/null || true
}

# Whether it lives, from its pid file; PID and COMMAND are of it then, and LANES with a blank around each.
# What cannot be told about it is said, with status 2.
is_supervisor() {
  local file="$1" words
  PID="$(cat "$file")" || return 2
  COMMAND="$(command_of "$PID")"
  # Of another account, where those are hidden from this one.
  if [ -z "$COMMAND" ] && [[ "$(LC_ALL=C kill -0 "$PID" 2>&1)" == *permitted* ]]; then
    echo "process $PID of $file is hidden from $(id -un): stop it as who started it" >&2
    return 2
  fi
  # A pid file may outlive its process, and the number may belong to another one by now. What `tally worker`
  # becomes has another name, in either wheel.
  grep -qE 'tally.* worker|workers\.processes\.supervisor' <<< "$COMMAND" || return 1
  # Those that share processes have commas between.
  IFS=', ' read -ra words <<< "${COMMAND##* --spec=}"
  LANES=" ${words[*]:1} "
}

# Whether the process is what it was, and not another under its number. One that ends loses its command before
# its files and locks: until it is gone, or waits for its parent alone, it is still there.
is_still() {
  local command
  command="$(command_of "$1")"
  [ "$command" = "$2" ] || { [ -z "$command" ] && is_ending "$1"; }
}

is_ending() {
  local state
  state="$({ sed 's/.*) //' "/proc/$1/stat" || ps -p "$1" -o stat=; } 2> /dev/null)" || return 1
  [[ "$state" != [ZX]* && -n "$state" ]]
}
