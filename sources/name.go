package sources

import "mailaudit/evaluate/dmarc"

// name names the sender. What cannot be forged comes first; a name that the
// client only claims, the HELO, comes after the network it sends from.
func name(f *Facts, c Class, m *Identifier) (string, Basis) {
	steps := [...]func(*Facts, *Identifier) (string, Basis){signer, returnPath, helo, reverseName, network, claimedHELO}
	switch c {
	case Forwarder:
		// Its signatures and return path are those of who wrote.
		steps = [...]func(*Facts, *Identifier) (string, Basis){foreignReturnPath, helo, reverseName, sealer, network, claimedHELO}
	case OwnUnaligned, Unknown, LikelyForgery:
		steps = [...]func(*Facts, *Identifier) (string, Basis){returnPath, helo, reverseName, network, claimedHELO, nothing}
	}
	for _, step := range steps {
		if n, b := step(f, m); n != "" {
			return n, b
		}
	}
	return "unknown", ByNothing
}

// signer is the signature that passed: an aligned one, else the first.
func signer(f *Facts, m *Identifier) (string, Basis) {
	best := -1
	for i := range f.Signatures {
		s := &f.Signatures[i]
		if !s.Passed {
			continue
		}
		if aligned(s.Alignment) {
			return m.Organizational(s.Domain), BySignature
		}
		if best < 0 {
			best = i
		}
	}
	if best < 0 {
		return "", ByNothing
	}
	return m.Organizational(f.Signatures[best].Domain), BySignature
}

func returnPath(f *Facts, m *Identifier) (string, Basis) {
	if !f.SPFPassed {
		return "", ByNothing
	}
	return m.Organizational(f.ReturnPath), ByReturnPath
}

// foreignReturnPath is a return path that the forwarder rewrote.
func foreignReturnPath(f *Facts, m *Identifier) (string, Basis) {
	if aligned(f.SPFAlignment) {
		return "", ByNothing
	}
	return returnPath(f, m)
}

func helo(f *Facts, m *Identifier) (string, Basis) {
	if !f.HELOPassed {
		return "", ByNothing
	}
	return m.Organizational(f.HELO), ByHELO
}

func claimedHELO(f *Facts, m *Identifier) (string, Basis) { return m.Organizational(f.HELO), ByHELO }

func reverseName(f *Facts, m *Identifier) (string, Basis) {
	return m.Organizational(f.ClientName), ByName
}

func sealer(f *Facts, m *Identifier) (string, Basis) {
	if !f.ARCPassed {
		return "", ByNothing
	}
	return m.Organizational(f.ARCSealer), BySeal
}

func network(f *Facts, m *Identifier) (string, Basis) { return m.Network(f.Client), ByNetwork }

func nothing(*Facts, *Identifier) (string, Basis) { return "", ByNothing }

// aligned tells whether an identifier is the author's, in whatever mode.
func aligned(a dmarc.Alignment) bool { return a == dmarc.Strict || a == dmarc.Relaxed }
