package config

import (
	"cmp"
	"net/netip"

	"github.com/invopop/jsonschema"
)

// privateNetworks maps connections to networks that usher may reach for their providers although they are not public.
func privateNetworks() value[map[string][]string] {
	addresses := listOf(proxyAddress(), "a list of addresses and prefixes")
	byConnection := mapOf(func(d *decoder, key, n *node) (named[[]string], bool) {
		rows, ok := addresses.read(d, n, spot{key: key.text, example: "[10.20.0.0/16]"})
		return named[[]string]{key.text, rows}, ok
	}, func(a, b named[[]string]) int { return cmp.Compare(a.name, b.name) }, addresses.schema, "a mapping from connections to networks")
	return value[map[string][]string]{
		schema: func(defs *definitions) *jsonschema.Schema { return byConnection.schema(defs) },
		read: func(d *decoder, n *node, s spot) (map[string][]string, bool) {
			rows, ok := byConnection.read(d, n, s)
			return collect(rows), ok
		},
	}
}

// Networks returns the networks that usher may reach for a connection's provider although they are not public.
func (o *Operator) Networks(connection string) []netip.Prefix {
	var out []netip.Prefix
	for _, text := range o.PrivateNetworks[connection] {
		if addr, err := netip.ParseAddr(text); err == nil {
			out = append(out, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		if prefix, err := netip.ParsePrefix(text); err == nil {
			out = append(out, prefix.Masked())
		}
	}
	return out
}
