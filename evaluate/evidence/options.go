package evidence

import "net/netip"

// Options are the choices of a run that change evidence.
type Options struct {
	// TrustedNetworks are relays whose Received lines are believed, besides
	// private, loopback and link-local addresses.
	TrustedNetworks []netip.Prefix
	// AuthservIDs are the receivers whose Authentication-Results are recorded,
	// lower case. Empty: nothing is recorded.
	AuthservIDs []string
	// Detail keeps what only explanations need (every hop, canonical forms).
	Detail bool
}
