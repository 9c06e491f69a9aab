package httpx

import "net/netip"

// Public reports whether an address is one of the public internet: not loopback, private, link-local, unspecified,
// multicast, shared (CGNAT), reserved, for documentation or for benchmarks, nor an IPv6 address that carries such an IPv4
// address (NAT64, 6to4), nor one that leads into a tunnel or into a cloud's own services. The registries are IANA's
// special-purpose address registries for IPv4 and IPv6 (RFC 6890).
func Public(addr netip.Addr) bool {
	addr = addr.WithZone("").Unmap()
	if !addr.IsValid() {
		return false
	}
	if addr.Is4() {
		return !within(addr, special4())
	}
	if carrier := netip.PrefixFrom(netip.AddrFrom16([16]byte{0x00, 0x64, 0xff, 0x9b}), 96); carrier.Contains(addr) {
		b := addr.As16()
		return Public(netip.AddrFrom4([4]byte(b[12:16])))
	}
	if carrier := netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20, 0x02}), 16); carrier.Contains(addr) {
		b := addr.As16()
		return Public(netip.AddrFrom4([4]byte(b[2:6])))
	}
	return netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20}), 3).Contains(addr) && !within(addr, special6())
}

func within(addr netip.Addr, prefixes []netip.Prefix) bool {
	for _, prefix := range prefixes {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

func special4() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"),        // this host, this network
		netip.MustParsePrefix("10.0.0.0/8"),       // private
		netip.MustParsePrefix("100.64.0.0/10"),    // shared (CGNAT), RFC 6598; also Alibaba's metadata
		netip.MustParsePrefix("127.0.0.0/8"),      // loopback
		netip.MustParsePrefix("168.63.129.16/32"), // Azure's wire server, reachable from inside only
		netip.MustParsePrefix("169.254.0.0/16"),   // link-local; the clouds' metadata
		netip.MustParsePrefix("172.16.0.0/12"),    // private
		netip.MustParsePrefix("192.0.0.0/24"),     // protocol assignments; Oracle's metadata
		netip.MustParsePrefix("192.0.2.0/24"),     // documentation
		netip.MustParsePrefix("192.88.99.0/24"),   // 6to4 relays
		netip.MustParsePrefix("192.168.0.0/16"),   // private
		netip.MustParsePrefix("198.18.0.0/15"),    // benchmarks
		netip.MustParsePrefix("198.51.100.0/24"),  // documentation
		netip.MustParsePrefix("203.0.113.0/24"),   // documentation
		netip.MustParsePrefix("224.0.0.0/3"),      // multicast, reserved, broadcast
	}
}

// special6 are those inside of 2000::/3; nothing outside of it is public.
func special6() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("2001::/23"),     // protocol assignments: Teredo, benchmarks, ORCHID
		netip.MustParsePrefix("2001:db8::/32"), // documentation
		netip.MustParsePrefix("3fff::/20"),     // documentation
	}
}
