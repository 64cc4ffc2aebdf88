package main

import (
	"fmt"
	"time"

	"mailaudit/evaluate/dns"
)

// resolvConf names the system's resolvers.
const resolvConf = "/etc/resolv.conf"

// openers open what --dns names. timeout is the wait for the first answer of live,
// 0 for the default; out is the dataset that is being written, which cannot be a
// source, empty where none is.
func openers(servers []string, timeout time.Duration, out string) dns.Openers {
	return dns.Openers{
		Live: func() (dns.Source, error) { return openLive(servers, timeout) },
		Replay: func(dir string) (dns.Source, error) {
			if samePlace(dir, out) {
				return nil, errOwnOutput
			}
			return openReplay(dir)
		},
		History: func(path string) (dns.Source, error) { return openHistory(path, out) },
	}
}

// openLive asks the servers named, else the system's.
func openLive(servers []string, timeout time.Duration) (dns.Source, error) {
	if len(servers) == 0 {
		var err error
		if servers, err = dns.SystemServers(resolvConf); err != nil {
			return nil, fmt.Errorf("%w; name servers with --resolver, or give --dns zone:PATH to judge offline", err)
		}
	}
	return dns.Live(servers, dns.LiveOptions{Now: time.Now, Timeout: timeout})
}
