package main

import (
	"fmt"
	"time"

	"mailaudit/evaluate/dns"
)

// resolvConf names the system's resolvers.
const resolvConf = "/etc/resolv.conf"

// openLive asks the servers named, else the system's.
func openLive(servers []string) (dns.Source, error) {
	return openLiveWithin(servers, dns.DefaultTimeout)
}

// openLiveWithin is openLive with another wait for the first answer.
func openLiveWithin(servers []string, timeout time.Duration) (dns.Source, error) {
	if len(servers) == 0 {
		var err error
		if servers, err = dns.SystemServers(resolvConf); err != nil {
			return nil, fmt.Errorf("%w; name servers with --resolver, or give --dns zone:PATH to judge offline", err)
		}
	}
	return dns.Live(servers, dns.LiveOptions{Now: time.Now, Timeout: timeout})
}
