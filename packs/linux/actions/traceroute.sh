#!/bin/sh
# Shows the way of packets to a host: traceroute.sh HOST [HOPS [QUERIES_TO_HOP]]
case "$1" in
'' | -*)
	echo "usage: traceroute.sh HOST [HOPS [QUERIES_TO_HOP]]" >&2
	exit 2
	;;
esac
exec traceroute -m "${2:-30}" -q "${3:-3}" "$1"
