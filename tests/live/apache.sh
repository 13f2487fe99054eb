#!/bin/sh
# An Apache that answers like a mailbox server of Exchange 2003 as far as davscope looks: MS-WebStorage in
# every answer, ResourceTag on contacts and none on the calendar, as if an event sink were at work there.
#   apache.sh start DIR ADDRESS PORT [NETNS]   DIR is made; prints the pid when the server listens
#   apache.sh stop DIR                         ends that pid, and waits until all of it is gone
# It serves DIR/www: /exchange/anna/Calendar/, /exchange/anna/Contacts/ and, with an ETag, /plain/.
# Tags are made of the path, so each item may be written once.
set -eu

usage() {
	sed -n 's/^#   //p' "$0" >&2
	exit 2
}

modules() {
	for name in mpm_event authz_core dav dav_fs headers setenvif; do
		[ -f "/usr/lib/apache2/modules/mod_$name.so" ] &&
			echo "LoadModule ${name}_module /usr/lib/apache2/modules/mod_$name.so"
	done
	true
}

# As root it gives up what it can; who owns DIR is who serves it.
identity() {
	[ "$(id -u)" -eq 0 ] || return 0
	echo "User nobody"
	echo "Group nogroup"
}

configuration() {
	cat <<EOF
$(modules)
$(identity)
ServerRoot $dir
ServerName be01.example.com
ServerTokens Prod
Listen $address:$port
PidFile $dir/pid
DefaultRuntimeDir $dir
DAVLockDB $dir/locks
DocumentRoot $dir/www
ErrorLog /dev/stderr
LogLevel notice
StartServers 1
ServerLimit 2
ThreadsPerChild 16
MaxRequestWorkers 32
KeepAlive On
MaxKeepAliveRequests 0
EnableSendfile Off
<Directory $dir/www>
	Require all granted
	Dav On
</Directory>
<Location /exchange/>
	FileETag None
	Header always set MS-WebStorage 6.5.7638
	Header always set X-Powered-By ASP.NET
</Location>
<Location /exchange/anna/Contacts/>
	SetEnvIfExpr "md5(%{REQUEST_URI}) =~ /^(.*)$/" ITEM=\$1
	Header set ResourceTag "<rt:%{ITEM}e000000001501%{ITEM}e000000003db2>" "expr=%{REQUEST_METHOD} =~ /^(GET|PUT|DELETE|PROPPATCH)$/"
	Header set Repl-UID "<rid:%{ITEM}e000000001501>" "expr=%{REQUEST_METHOD} =~ /^(PUT|PROPPATCH)$/"
</Location>
EOF
}

# What the server says goes to the log; it listens when it says that it operates.
watch_log() {
	{
		word=failed
		while read -r line; do
			echo "$line" >>"$dir/log"
			case $line in
			*'resuming normal operations'*) word='' && echo listens >"$dir/told" ;;
			esac
		done
		[ -z "$word" ] || echo "$word" >"$dir/told"
	} <"$dir/says" >/dev/null 2>&1 9>&- &
}

start() {
	mkdir -p "$dir/www/exchange/anna/Calendar" "$dir/www/exchange/anna/Contacts" "$dir/www/plain"
	configuration >"$dir/conf"
	rm -f "$dir/says" "$dir/told" "$dir/log"
	mkfifo "$dir/says" "$dir/told"
	if [ "$(id -u)" -eq 0 ]; then
		chown -R nobody:nogroup "$dir"
	fi
	# Held by all processes of the server: stop waits for it.
	exec 9>"$dir/running"
	flock -n 9 || { echo "apache.sh: one is running in $dir" >&2; exit 1; }
	watch_log
	set -- /usr/sbin/apache2 -d "$dir" -f "$dir/conf" -DFOREGROUND
	[ -z "$netns" ] || set -- ip netns exec "$netns" "$@"
	"$@" </dev/null >"$dir/says" 2>&1 &
	pid=$!
	read -r word <"$dir/told"
	if [ "$word" != listens ]; then
		cat "$dir/log" >&2
		exit 1
	fi
	echo "$pid" >"$dir/server"
	echo "$pid"
}

stop() {
	[ -f "$dir/server" ] || exit 0
	kill -TERM "$(cat "$dir/server")" 2>/dev/null || true
	rm -f "$dir/server"
	flock -w 10 "$dir/running" true || { echo "apache.sh: it does not end" >&2; exit 1; }
}

[ $# -ge 2 ] || usage
mkdir -p "$2"
dir=$(cd "$2" && pwd)
case $1 in
start)
	[ $# -ge 4 ] || usage
	address=$3 port=$4 netns=${5-}
	start
	;;
stop) stop ;;
*) usage ;;
esac
