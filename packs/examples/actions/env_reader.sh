#!/bin/sh
env | grep ^ST2_ACTION_ | grep -v TOKEN | sort
