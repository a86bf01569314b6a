#!/bin/sh
# Prints lines by turns to stdout and stderr: how many, and how many seconds apart.
n=1
while [ "$n" -le "$1" ]; do
    if [ $((n % 2)) -eq 0 ]; then
        echo "stderr line $n" >&2
    else
        echo "stdout line $n"
    fi
    n=$((n + 1))
    sleep "$2"
done
