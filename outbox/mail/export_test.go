package mail

import (
	"context"
	"net"
)

// DialTo has a sender reach another address than that of its server's name.
func (s *Sender) DialTo(address string) {
	s.dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
}
