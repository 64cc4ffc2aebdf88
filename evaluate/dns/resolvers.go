package dns

import (
	"fmt"
	"net"
	"net/netip"
	"strings"

	mdns "github.com/miekg/dns"
)

// ResolvConf is where Unix systems name their resolvers.
const ResolvConf = "/etc/resolv.conf"

// SystemServers returns the resolvers that a file in the form of resolv.conf(5)
// names; without any it is the local machine, as there. An empty path is
// [ResolvConf].
func SystemServers(path string) ([]string, error) {
	if path == "" {
		path = ResolvConf
	}
	c, err := mdns.ClientConfigFromFile(path)
	if err != nil {
		return nil, fmt.Errorf("the system's resolvers: %w", err)
	}
	if len(c.Servers) == 0 {
		return []string{"127.0.0.1:53"}, nil
	}
	servers := make([]string, len(c.Servers))
	for i, s := range c.Servers {
		servers[i] = net.JoinHostPort(s, c.Port)
	}
	return servers, nil
}

// serverAddress returns the host:port that a server's name stands for: an
// address with or without brackets, or a host, with or without a port.
func serverAddress(s string) (string, error) {
	bare := s
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		bare = s[1 : len(s)-1]
	}
	if addr, err := netip.ParseAddr(bare); err == nil {
		return net.JoinHostPort(addr.String(), "53"), nil
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		host, port = s, "53"
	}
	if host == "" || port == "" || strings.ContainsAny(host, "/ []") {
		return "", fmt.Errorf("dns: %q is no server address", s)
	}
	return net.JoinHostPort(host, port), nil
}
