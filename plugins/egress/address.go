package egress

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/petrelhq/petrel/core"
)

// blocked says that an address was not connected to.
type blocked struct{ address, what string }

func (b *blocked) Error() string { return fmt.Sprintf("%s (%s)", b.address, b.what) }

// kind is a range of addresses that do not belong to the public internet.
type kind struct {
	prefix netip.Prefix
	what   string
}

// kinds lists them, from IANA's registries of special-purpose addresses, with those where
// clouds keep their metadata. The first that fits names an address.
var kinds = []kind{
	{netip.MustParsePrefix("169.254.169.254/32"), "a cloud's metadata"},
	{netip.MustParsePrefix("168.63.129.16/32"), "a cloud's metadata"}, // Azure; else a public address
	{netip.MustParsePrefix("100.100.100.200/32"), "a cloud's metadata"},
	{netip.MustParsePrefix("0.0.0.0/8"), "unspecified"},
	{netip.MustParsePrefix("127.0.0.0/8"), "loopback"},
	{netip.MustParsePrefix("10.0.0.0/8"), "private"},
	{netip.MustParsePrefix("172.16.0.0/12"), "private"},
	{netip.MustParsePrefix("192.168.0.0/16"), "private"},
	{netip.MustParsePrefix("100.64.0.0/10"), "a carrier's private"},
	{netip.MustParsePrefix("169.254.0.0/16"), "link-local"},
	{netip.MustParsePrefix("192.0.0.0/24"), "reserved"},
	{netip.MustParsePrefix("192.0.2.0/24"), "documentation"},
	{netip.MustParsePrefix("198.51.100.0/24"), "documentation"},
	{netip.MustParsePrefix("203.0.113.0/24"), "documentation"},
	{netip.MustParsePrefix("192.88.99.0/24"), "6to4 relay"},
	{netip.MustParsePrefix("198.18.0.0/15"), "benchmark"},
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast"},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved"},

	{netip.MustParsePrefix("::/128"), "unspecified"},
	{netip.MustParsePrefix("::1/128"), "loopback"},
	{netip.MustParsePrefix("::/96"), "an IPv4 address inside an IPv6 one"},
	{netip.MustParsePrefix("::ffff:0:0:0/96"), "an IPv4 address inside an IPv6 one"},
	{netip.MustParsePrefix("64:ff9b:1::/48"), "local NAT64"},
	{netip.MustParsePrefix("100::/64"), "discard-only"},
	{netip.MustParsePrefix("2001::/32"), "Teredo"},
	{netip.MustParsePrefix("2001::/23"), "reserved"},
	{netip.MustParsePrefix("2001:db8::/32"), "documentation"},
	{netip.MustParsePrefix("2002::/16"), "6to4"},
	{netip.MustParsePrefix("3fff::/20"), "documentation"},
	{netip.MustParsePrefix("5f00::/16"), "segment routing"},
	{netip.MustParsePrefix("fc00::/7"), "private"},
	{netip.MustParsePrefix("fe80::/10"), "link-local"},
	{netip.MustParsePrefix("fec0::/10"), "site-local"},
	{netip.MustParsePrefix("ff00::/8"), "multicast"},
}

// nat64 is how hosts without IPv4 reach it; what counts is the IPv4 address inside.
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// special says what sort of address a is when it is not one of the public internet.
func special(a netip.Addr) string {
	a = inner(a)
	for _, k := range kinds {
		if k.prefix.Contains(a) {
			return k.what
		}
	}
	return ""
}

// inner is the address that a packet to a ends at.
func inner(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if nat64.Contains(a) {
		b := a.As16()
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return a
}

func contains(n netip.Prefix, a netip.Addr) bool { return n.Contains(inner(a)) }

// parseNetworks reads the permission networks. The error is Invalid.
func parseNetworks(entries []string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, e := range entries {
		n, err := parseNetwork(e)
		if err != nil {
			return nil, core.FieldErrorf("permissions.networks", "permissions.networks: %q is no network such as 10.0.0.0/8 or fd00::/8", e)
		}
		all = append(all, n)
	}
	return all, nil
}

// mapped is the length of what stands before an IPv4 address inside an IPv6 one.
const mapped = 96

func parseNetwork(entry string) (netip.Prefix, error) {
	if !strings.Contains(entry, "/") {
		a, err := netip.ParseAddr(entry)
		if err != nil {
			return netip.Prefix{}, err
		}
		a = a.Unmap().WithZone("")
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	n, err := netip.ParsePrefix(entry)
	if err == nil && n.Addr().Is4In6() && n.Bits() >= mapped {
		n = netip.PrefixFrom(n.Addr().Unmap(), n.Bits()-mapped)
	}
	return n.Masked(), err
}
