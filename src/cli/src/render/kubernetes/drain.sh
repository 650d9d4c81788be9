# Kubernetes runs this before it stops Envoy, which ends at once when it is told to:
#   drain.sh ADMIN_PORT SPREAD MOST LISTENER…
# It takes this Envoy out of service, and ends when no listener has a request any more: after SPREAD seconds at least,
# after MOST at most.
port=$1 spread=$2 most=$3
shift 3

# METHOD PATH: what the admin interface responds with. The image has no program that speaks HTTP.
ask() {
  exec 3<>"/dev/tcp/127.0.0.1/$port" || return 1
  printf '%s %s HTTP/1.1\r\nhost: drain\r\nconnection: close\r\n\r\n' "$1" "$2" >&3
  cat <&3
  exec 3>&-
}

# How many requests the listeners have; nothing where Envoy does not say.
active() {
  local sum= name value listener
  while IFS=': ' read -r name value; do
    for listener; do
      if [[ $name == "http.$listener.downstream_rq_active" ]]; then
        sum=$((${sum:-0} + ${value%$'\r'}))
      fi
    done
  done < <(ask GET '/stats?filter=downstream_rq_active')
  echo "$sum"
}

# From here on /readyz is 503, and a connection ends with the response to its request.
ask POST /healthcheck/fail || exit 0
# Requests still come until every node knows that this pod is leaving.
sleep "$spread"
while ((SECONDS < most)) && [[ $(active "$@") != 0 ]]; do
  sleep 1
done
