package sources

import "mailaudit/evaluate/dmarc"

// name names the sender. What cannot be forged comes first; a name that the
// client only claims, the HELO, comes after the network it sends from.
func name(f *Facts, c Class, n *naming) (string, Basis) {
	steps := &usual
	switch c {
	case Forwarder:
		steps = &forwarded
	case MailingList:
		steps = &listed
	case OwnUnaligned, Unknown, LikelyForgery:
		steps = &unsigned
	}
	for _, step := range steps {
		if s, b := step(f, n); s != "" {
			return s, b
		}
	}
	return "unknown", ByNothing
}

// What names a sender, the best first.
type steps [6]func(*Facts, *naming) (string, Basis)

var (
	usual = steps{signer, returnPath, helo, reverseName, network, claimedHELO}
	// Signatures and return path of what is forwarded are those of who wrote.
	forwarded = steps{foreignReturnPath, helo, reverseName, sealer, network, claimedHELO}
	// What passes may be a signature of who wrote that the list left whole.
	listed   = steps{listSigner, returnPath, helo, reverseName, signer, network}
	unsigned = steps{returnPath, helo, reverseName, network, claimedHELO, nothing}
)

// signer is the signature that passed: an aligned one, else the first.
func signer(f *Facts, n *naming) (string, Basis) {
	best := -1
	for i := range f.Signatures {
		s := &f.Signatures[i]
		if !s.Passed {
			continue
		}
		if aligned(s.Alignment) {
			return n.organizational(s.Domain), BySignature
		}
		if best < 0 {
			best = i
		}
	}
	if best < 0 {
		return "", ByNothing
	}
	return n.organizational(f.Signatures[best].Domain), BySignature
}

// listSigner is a signature that passes in the domain that List-Id names.
func listSigner(f *Facts, n *naming) (string, Basis) {
	if f.ListID == "" {
		return "", ByNothing
	}
	list := n.organizational(f.ListID)
	for i := range f.Signatures {
		if s := &f.Signatures[i]; s.Passed && n.organizational(s.Domain) == list && list != "" {
			return list, BySignature
		}
	}
	return "", ByNothing
}

func returnPath(f *Facts, n *naming) (string, Basis) {
	if !f.SPFPassed {
		return "", ByNothing
	}
	return n.organizational(f.ReturnPath), ByReturnPath
}

// foreignReturnPath is a return path that the forwarder rewrote.
func foreignReturnPath(f *Facts, n *naming) (string, Basis) {
	if aligned(f.SPFAlignment) {
		return "", ByNothing
	}
	return returnPath(f, n)
}

func helo(f *Facts, n *naming) (string, Basis) {
	if !f.HELOPassed {
		return "", ByNothing
	}
	return n.organizational(f.HELO), ByHELO
}

func claimedHELO(f *Facts, n *naming) (string, Basis) { return n.organizational(f.HELO), ByHELO }

func reverseName(f *Facts, n *naming) (string, Basis) {
	return n.organizational(f.ClientName), ByName
}

func sealer(f *Facts, n *naming) (string, Basis) {
	if !f.ARCPassed {
		return "", ByNothing
	}
	return n.organizational(f.ARCSealer), BySeal
}

func network(f *Facts, n *naming) (string, Basis) { return n.Network(f.Client), ByNetwork }

func nothing(*Facts, *naming) (string, Basis) { return "", ByNothing }

// aligned tells whether an identifier is the author's, in whatever mode.
func aligned(a dmarc.Alignment) bool { return a == dmarc.Strict || a == dmarc.Relaxed }
