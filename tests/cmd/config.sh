#!/bin/sh
# `davscope config check`: what it says of config/NAME.yaml is NAME.expected; the file that is shipped is
# good, also with all its examples; every code of a configuration is shown here and stands in the manual.
#   config.sh --bless    writes the expected output anew; read it before you commit it
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
absolute() { case $1 in /*) echo "$1" ;; *) echo "$PWD/$1" ;; esac; }
davscope=$(absolute "${DAVSCOPE:-$root/davscope}")
work=$(absolute "${BUILD:-$root/build}")/cmd-config
rm -rf "$work"
mkdir -p "$work" || exit 1
. "$root/tests/tool/checks.sh"
export LC_ALL=C

# Rules that are good, shipped ones too, are counted: the count is not what this is about.
check() { # FILE OPTION...
	"$davscope" config check "$@" 2>&1 </dev/null | sed 's/^[0-9]* rules,/N rules,/'
}

cp -r "$root/tests/cmd/config" "$work/in"
cd "$work/in" || exit 1
chmod 644 ./*.yaml
for file in *.yaml; do
	name=${file%.yaml}
	{
		check "$file"
		"$davscope" config check "$file" >/dev/null 2>&1
		echo "exit $?"
	} >"$work/$name"
	[ "${1-}" != --bless ] || cp "$work/$name" "$root/tests/cmd/config/$name.expected"
	[ "${1-}" = --bless ] || same_lines "$name" "$name.expected" "$work/$name"
done
[ "${1-}" != --bless ] || exit 0

# ---- who may read a secret ----
chmod 640 secret.yaml
check secret.yaml >"$work/out"
same 'a secret that is kept' 0 "$(grep -c W0601 "$work/out")"
same 'secrets are not shown' 0 "$(grep -c 'secret$\|T0' "$work/out")"

# ---- JSON ----
check alerts.yaml --format json >"$work/out"
same 'json: an object a complaint' "$(grep -c 'error\[' alerts.expected)" "$(grep -c '^{"code":"E.*}$' "$work/out")"
says 'json: the place' out '"file":"alerts.yaml","line":3,"column":7,"end_line":3,"end_column":11'
run config check good.yaml --format json
same 'json: nothing is wrong' 0 "$(wc -c <"$work/out")"

# ---- rules that it names ----
cat >rules.yaml <<END
davscope_rules: 1
rules:
- id: x
  event: transaction
  condition: htp.request.method == "PUT"
END
printf 'monitor:\n  rules: [%s]\n' "$PWD/rules.yaml" >names.yaml
run config check names.yaml
same 'rules with mistakes' 2 "$code"
says 'rules with mistakes' err "$PWD/rules.yaml:5:14: error[E0201]: "
printf 'monitor:\n  rules: [%s]\n' "$PWD/gone.yaml" >names.yaml
run config check names.yaml
same 'rules that are gone' 2 "$code"
says 'rules that are gone' err "$PWD/gone.yaml: No such file"
printf 'monitor:\n  variables: {nobodys: 1}\n' >names.yaml
run config check names.yaml
same 'a variable that is none' 2 "$code"
says 'a variable that is none' err E0021

# ---- the file ----
run config check gone.yaml
same 'no file' 2 "$code"
says 'no file' err 'gone.yaml: No such file'
run config check .
same 'a directory' 2 "$code"
run config
same 'no subcommand' 2 "$code"
run config check a b
same 'two files' 2 "$code"
run help config check
same 'help' 0 "$code"
says 'help' out 'davscope config check [FILE]'

# ---- the shipped one, as it is and with what is commented out ----
run config check "$root/dist/davscope.yaml"
same 'shipped' 0 "$code"
same 'shipped: no talk' 0 "$(wc -c <"$work/err")"
mkdir "$work/rules"
cat >"$work/rules/mine.yaml" <<END
davscope_rules: 1
vars:
  quiet_hours: {type: duration, default: 1h, doc: nothing is said in them}
rules: []
END
sed -e 's/^\( *\)# /\1/' -e "s|/etc/davscope/rules|$work/rules|" "$root/dist/davscope.yaml" >shipped.yaml
chmod 640 shipped.yaml
run config check shipped.yaml
same 'shipped, all of it' 0 "$code"
same 'shipped, all of it: no error' 0 "$(grep -c 'error' "$work/err")"
says 'shipped, all of it' out 'on-call -> webhook https://hooks.example.org (finding: high and above)'
says 'shipped, all of it' out '6 alerts'

# ---- codes ----
sed -n 's/^CODE("\(.06..\)", "\(.*\)")$/\1 \2/p' "$root/base/codes.def" >"$work/program"
awk '/^\.It Cm [EW]06/ { code = $3; next } code { print code, $0; code = "" }' \
	"$root/docs/davscope.yaml.5" >"$work/page"
same_lines 'manual: codes' "$work/program" "$work/page"
while read -r code rest; do
	same "$code is shown" yes "$(cat ./*.expected | grep -qF "[$code]" && echo yes)"
done <"$work/program"
for page in davscope-monitor.8 davscope.yaml.5; do
	if command -v mandoc >/dev/null; then
		same "mandoc $page" '' "$(mandoc -Tlint -W warning "$root/docs/$page" 2>/dev/null)"
	else
		skipped=$((skipped + 1))
	fi
done

# Every option of a live run has its paragraph.
for command in monitor capture; do
	run $command --help
	grep -o -e '^  -[A-Za-z-]*' -e '^  -., --[a-z-]*' "$work/out" | sed 's/.* -//; s/^-*//; s/^ *//' >"$work/options"
	same "$command has options" yes "$([ "$(wc -l <"$work/options")" -gt 4 ] && echo yes)"
	while read -r option; do
		case $option in
		?) flag="Fl $option" ;;
		*) flag="Fl Fl $option" ;;
		esac
		same "manual: $option" yes "$(grep -q "$flag\( \|\$\)" "$root/docs/davscope-monitor.8" && echo yes)"
	done <"$work/options"
done

# ---- what is installed beside it ----
if command -v promtool >/dev/null; then
	same 'alert rules of Prometheus' 0 "$(promtool check rules "$root/dist/davscope.rules.yml" >"$work/promtool" 2>&1; echo $?)"
else
	skipped=$((skipped + 1))
fi
for metric in $(grep -o 'davscope_[a-z_]*' "$root/dist/davscope.rules.yml" | sort -u); do
	same "$metric exists" yes "$(grep -rqF "\"$metric" "$root/report" "$root/cmd" && echo yes)"
done
sed -e 's|@BINDIR@|/usr/bin|' -e 's|@SYSCONFDIR@|/etc|' "$root/dist/davscope@.service" >"$work/davscope@eth0.service"
exposure=$(systemd-analyze security --offline=true "$work/davscope@eth0.service" 2>/dev/null |
	sed -n 's/.*Overall exposure level for .*: \([0-9]*\.[0-9]\).*/\1/p')
if [ -n "$exposure" ]; then
	same "the unit is exposed $exposure, at most 2.0" yes "$(echo "$exposure" | awk '$1 <= 2.0 { print "yes" }')"
else
	skipped=$((skipped + 1))
fi
closing
