# Installs Debian packages (as root); apt refuses while another run of it holds its lock.
install() {
  local attempt
  for attempt in 1 2 3 4 5 6; do
    if apt-get update -qq < /dev/null \
      && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" < /dev/null; then
      return
    fi
    sleep $((attempt * 10))
  done
  echo "cannot install $*" >&2
  return 1
}
