package sources

import "mailaudit/evaluate/dmarc"

// step is a way to name a sender.
type step uint8

const (
	nothing           step = iota
	signer                 // the signature that passed: an aligned one, else the first
	listSigner             // a signature that passes in the domain that List-Id names
	returnPath             // which SPF confirms
	foreignReturnPath      // the same, where the forwarder rewrote it
	helo                   // which SPF confirms
	claimedHELO
	reverseName
	sealer
	network
)

var stepBasis = [...]Basis{
	nothing: ByNothing, signer: BySignature, listSigner: BySignature, returnPath: ByReturnPath, foreignReturnPath: ByReturnPath,
	helo: ByHELO, claimedHELO: ByHELO, reverseName: ByName, sealer: BySeal, network: ByNetwork,
}

// unknownName names a sender that nothing does.
const unknownName = "unknown"

// steps are what names a sender, the best first. What cannot be forged comes
// first; a name that the client only claims, the HELO, comes after the network it
// sends from.
type steps [6]step

var (
	usual = steps{signer, returnPath, helo, reverseName, network, claimedHELO}
	// Signatures and return path of what is forwarded are those of who wrote.
	forwarded = steps{foreignReturnPath, helo, reverseName, sealer, network, claimedHELO}
	// What passes may be a signature of who wrote that the list left whole.
	listed   = steps{listSigner, returnPath, helo, reverseName, signer, network}
	unsigned = steps{returnPath, helo, reverseName, network, claimedHELO, nothing}
)

// steps are those of a class.
func (c Class) steps() *steps {
	switch c {
	case Forwarder:
		return &forwarded
	case MailingList:
		return &listed
	case OwnUnaligned, Unknown, LikelyForgery:
		return &unsigned
	}
	return &usual
}

// name names the sender.
func name(f *Facts, c Class, n *naming) (string, Basis) {
	for _, s := range c.steps() {
		if name := n.at(s, f); name != "" {
			return name, stepBasis[s]
		}
	}
	return unknownName, ByNothing
}

// at is the name that a step gives; empty where it gives none.
func (n *naming) at(s step, f *Facts) string {
	switch s {
	case signer:
		return n.signer(f)
	case listSigner:
		return n.listSigner(f)
	case returnPath:
		return n.where(f.SPFPassed, f.ReturnPath)
	case foreignReturnPath:
		return n.where(f.SPFPassed && !aligned(f.SPFAlignment), f.ReturnPath)
	case helo:
		return n.where(f.HELOPassed, f.HELO)
	case claimedHELO:
		return n.organizational(f.HELO)
	case reverseName:
		return n.organizational(f.ClientName)
	case sealer:
		return n.where(f.ARCPassed, f.ARCSealer)
	case network:
		return n.Network(f.Client)
	}
	return ""
}

// where is the organizational domain of what can be relied on.
func (n *naming) where(holds bool, name string) string {
	if !holds {
		return ""
	}
	return n.organizational(name)
}

func (n *naming) signer(f *Facts) string {
	best := -1
	for i := range f.Signatures {
		s := &f.Signatures[i]
		if !s.Passed {
			continue
		}
		if aligned(s.Alignment) {
			return n.organizational(s.Domain)
		}
		if best < 0 {
			best = i
		}
	}
	if best < 0 {
		return ""
	}
	return n.organizational(f.Signatures[best].Domain)
}

func (n *naming) listSigner(f *Facts) string {
	if f.ListID == "" {
		return ""
	}
	list := n.organizational(f.ListID)
	for i := range f.Signatures {
		if s := &f.Signatures[i]; s.Passed && n.organizational(s.Domain) == list && list != "" {
			return list
		}
	}
	return ""
}

// aligned tells whether an identifier is the author's, in whatever mode.
func aligned(a dmarc.Alignment) bool { return a == dmarc.Strict || a == dmarc.Relaxed }
