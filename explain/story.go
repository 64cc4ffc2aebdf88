package explain

import "time"

// Story is all there is to tell of one message. Strings are as they were found
// in mail and DNS; whoever prints them must escape them ([Story.WriteText] and
// [Story.WriteJSON] do).
type Story struct {
	Message     Message      `json:"message"`
	Verdict     Verdict      `json:"verdict"`
	Path        Path         `json:"path"`
	Identities  Identities   `json:"identities"`
	SPF         []SPF        `json:"spf"`
	DKIM        []Signature  `json:"dkim"`
	ARC         *Chain       `json:"arc,omitempty"`
	DMARC       []DMARC      `json:"dmarc"` // the rule book in force first
	Existence   *Existence   `json:"existence,omitempty"`
	Recorded    Recorded     `json:"recorded"`
	DNS         []Question   `json:"dns"`
	Conclusions []Conclusion `json:"conclusions"`
}

// Message says where the message is and how it was kept.
type Message struct {
	Source     string    `json:"source"`
	Format     string    `json:"format"`
	Ordinal    int64     `json:"ordinal"` // position among the messages read, from 0
	Offset     int64     `json:"offset"`  // bytes in the uncompressed source
	Length     int64     `json:"length"`  // bytes
	Quoting    string    `json:"quoting"` // "none", "mboxo", "mboxrd": how lines beginning with "From " were kept
	Digest     string    `json:"digest,omitempty"`
	MessageID  string    `json:"message_id,omitempty"`
	From       []string  `json:"from,omitempty"` // the fields as written
	Subject    string    `json:"subject,omitempty"`
	ListID     string    `json:"list_id,omitempty"`
	Date       time.Time `json:"date,omitzero"`
	ReceivedAt time.Time `json:"received_at,omitzero"`
	AsOf       time.Time `json:"as_of,omitzero"`
	FromLog    bool      `json:"from_log,omitempty"` // no message was seen, only what a log said
	Malformed  string    `json:"malformed,omitempty"`
	Anomalies  []string  `json:"anomalies,omitempty"`
}

// Verdict is what came of it.
type Verdict struct {
	Category        string `json:"category"`
	Phrase          string `json:"phrase"`
	Disposition     string `json:"disposition"`
	Disposition74   string `json:"disposition_7_4"`
	OverrideType    string `json:"override_type,omitempty"`
	OverrideComment string `json:"override_comment,omitempty"`
}

// Path is the Received fields and which of them was believed.
type Path struct {
	Hops     []Hop    `json:"hops"`
	Boundary int      `json:"boundary"` // index into Hops, -1 where none was chosen
	Why      []string `json:"why"`
	ClientIP string   `json:"client_ip,omitempty"`
	Basis    string   `json:"client_ip_source"`
	// Authenticated tells that the client was an authenticated submitter.
	Authenticated bool `json:"authenticated"`
}

// Hop is one Received field.
type Hop struct {
	HELO          string    `json:"helo,omitempty"`
	ReverseName   string    `json:"reverse_name,omitempty"`
	IP            string    `json:"ip,omitempty"`
	By            string    `json:"by,omitempty"`
	Protocol      string    `json:"protocol,omitempty"`
	For           string    `json:"for,omitempty"`
	Authenticated string    `json:"authenticated,omitempty"` // what says so
	Date          time.Time `json:"date,omitzero"`
}

// Identities are the names that the protocols judge.
type Identities struct {
	AuthorDomains []string `json:"author_domains"`
	AuthorProblem string   `json:"author_problem,omitempty"`
	FromFields    int      `json:"from_fields"`
	Mailboxes     int      `json:"mailboxes"`
	MailFrom      string   `json:"mail_from"` // "<>" for a null path, empty where unknown
	HELO          string   `json:"helo,omitempty"`
	DomainKeys    int      `json:"domainkeys,omitempty"` // DomainKey-Signature fields, never verified
}

// SPF is one identity judged.
type SPF struct {
	Scope       string     `json:"scope"`
	Identity    string     `json:"identity"`
	Domain      string     `json:"domain,omitempty"`
	Result      string     `json:"result"`
	Reason      string     `json:"reason"`
	Meaning     string     `json:"meaning"`
	Detail      string     `json:"detail,omitempty"`
	Mechanism   string     `json:"mechanism,omitempty"`
	Chain       []string   `json:"chain,omitempty"`
	Record      string     `json:"record,omitempty"`
	Lookups     int        `json:"lookups"`
	VoidLookups int        `json:"void_lookups"`
	Explanation string     `json:"explanation,omitempty"`
	Asked       []Exchange `json:"asked,omitempty"` // what no term asked: the record itself
	Terms       []Term     `json:"terms,omitempty"`
}

// Term is one term of an SPF record that was looked at.
type Term struct {
	Depth  int        `json:"depth"`
	Domain string     `json:"domain"`
	Text   string     `json:"text"`
	Target string     `json:"target,omitempty"`
	Match  bool       `json:"match"`
	Result string     `json:"result,omitempty"`
	Note   string     `json:"note,omitempty"`
	Asked  []Exchange `json:"asked,omitempty"`
}

// Exchange is a question and its answer in short.
type Exchange struct {
	Type   string   `json:"type"`
	Name   string   `json:"name"`
	Status string   `json:"status"`
	Data   []string `json:"data,omitempty"`
}

// Signature is one DKIM or ARC signature judged.
type Signature struct {
	Field            int       `json:"field"` // index in the header, 0 the topmost
	Domain           string    `json:"domain"`
	Selector         string    `json:"selector"`
	Identity         string    `json:"identity,omitempty"`
	Algorithm        string    `json:"algorithm"`
	Canonicalization string    `json:"canonicalization"`
	SignedAt         time.Time `json:"signed_at,omitzero"`
	ExpiresAt        time.Time `json:"expires_at,omitzero"`
	Tags             []Tag     `json:"tags,omitempty"`

	Result    string `json:"result"`
	Reason    string `json:"reason,omitempty"`
	Meaning   string `json:"meaning"`
	Detail    string `json:"detail,omitempty"`
	Alignment string `json:"alignment,omitempty"` // under the rule book in force

	KeyName   string   `json:"key_name"`
	Keys      []string `json:"keys,omitempty"` // the records found
	KeyStatus string   `json:"key_status,omitempty"`
	KeyBits   int      `json:"key_bits,omitempty"`
	KeySource string   `json:"key_source,omitempty"`

	SignedHeaders []string `json:"signed_headers,omitempty"`
	// Oversigned are names that h= lists more often than the header has them:
	// adding such a field breaks the signature.
	Oversigned []string `json:"oversigned,omitempty"`
	// Uncovered are names of which h= covers only some fields.
	Uncovered       []string `json:"uncovered,omitempty"`
	CanonicalHeader []byte   `json:"canonical_header_base64,omitempty"`
	CanonicalText   string   `json:"canonical_header,omitempty"`
	HeaderHash      string   `json:"header_hash,omitempty"` // hex
	// HeaderAsSigned is "yes", "no", or "unknown" where no key could tell.
	HeaderAsSigned string `json:"header_as_signed"`

	HasBody          bool   `json:"has_body"`
	BodyHashClaimed  []byte `json:"body_hash_claimed,omitempty"`
	BodyHashComputed []byte `json:"body_hash_computed,omitempty"`
	BodyHashMatch    bool   `json:"body_hash_match"`
	BodyBytes        int64  `json:"body_bytes"` // canonical; -1 where unknown
	BodyLength       int64  `json:"body_length"`
	BodyUnsigned     int64  `json:"body_unsigned,omitempty"`

	Damage   string    `json:"damage,omitempty"`
	Repaired bool      `json:"repaired,omitempty"`
	Readings []Reading `json:"readings,omitempty"`
	// Suspects are signed fields that lists are known to write anew, where the
	// header differs and no reading explains it.
	Suspects []string `json:"suspects,omitempty"`
	Steps    []Step   `json:"steps,omitempty"`
}

// Tag is one tag of a record or of a signature.
type Tag struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	Meaning string `json:"meaning,omitempty"`
}

// Reading is another reading of the message under which it is as signed.
type Reading struct {
	Of   string `json:"of"` // "body" or "header"
	Word string `json:"word"`
	Note string `json:"note"`
}

// Step is one check.
type Step struct {
	Clause string `json:"clause"`
	Check  string `json:"check"`
	OK     bool   `json:"ok"`
	Note   string `json:"note,omitempty"`
}

// Chain is the ARC chain.
type Chain struct {
	Result     string `json:"result"`
	Reason     string `json:"reason,omitempty"`
	Meaning    string `json:"meaning"`
	Detail     string `json:"detail,omitempty"`
	Undecided  bool   `json:"undecided,omitempty"`
	OldestPass int    `json:"oldest_pass,omitempty"`
	Sets       []Set  `json:"sets"`
}

// Set is one ARC set.
type Set struct {
	Instance int       `json:"instance"`
	CV       string    `json:"cv"`
	Results  string    `json:"results"`
	Message  Signature `json:"message_signature"`
	Seal     Signature `json:"seal"`
}

// DMARC is the message judged under one rule book.
type DMARC struct {
	Rules                string       `json:"rules"`
	InForce              bool         `json:"in_force"`
	Result               string       `json:"result"`
	Reason               string       `json:"reason,omitempty"`
	Meaning              string       `json:"meaning"`
	Detail               string       `json:"detail,omitempty"`
	Author               string       `json:"author,omitempty"`
	OrganizationalDomain string       `json:"organizational_domain,omitempty"`
	AuthorExistence      string       `json:"author_existence,omitempty"`
	Walk                 []WalkStep   `json:"walk,omitempty"`
	PolicyDomain         string       `json:"policy_domain,omitempty"`
	Record               string       `json:"record,omitempty"`
	Tags                 []Tag        `json:"tags,omitempty"`
	Problems             []Problem    `json:"problems,omitempty"`
	Identifiers          []Identifier `json:"identifiers,omitempty"`
	Policy               string       `json:"policy,omitempty"`
	PolicyTag            string       `json:"policy_tag,omitempty"`
	Category             string       `json:"category"`
	Disposition          string       `json:"disposition"`
	Disposition74        string       `json:"disposition_7_4"`
	Override             string       `json:"override,omitempty"`
	OverrideComment      string       `json:"override_comment,omitempty"`
}

// WalkStep is one question of a policy discovery or a tree walk.
type WalkStep struct {
	For    string `json:"for"`
	Domain string `json:"domain"`
	Found  string `json:"found,omitempty"`
	Note   string `json:"note,omitempty"`
}

// Problem is what is wrong with a record.
type Problem struct {
	Word    string `json:"word"`
	Meaning string `json:"meaning"`
}

// Identifier is one authenticated identifier and whether it counts.
type Identifier struct {
	Mechanism string `json:"mechanism"` // "spf" or "dkim"
	Domain    string `json:"domain,omitempty"`
	Result    string `json:"result"`
	Alignment string `json:"alignment"`
	Mode      string `json:"mode,omitempty"` // "relaxed" or "strict": what the record asks for
	Counts    bool   `json:"counts"`
	Why       string `json:"why"`
}

// Existence is the domain existence test.
type Existence struct {
	Absent  bool `json:"absent"`
	Decided bool `json:"decided"`
}

// Recorded is what receivers noted on the way, and how it compares.
type Recorded struct {
	// AuthservID is whose word counts; empty where nobody's does.
	AuthservID  string       `json:"authserv_id,omitempty"`
	Claims      []Claim      `json:"claims,omitempty"`
	Comparisons []Comparison `json:"comparisons,omitempty"`
}

// Claim is one field with results.
type Claim struct {
	Field      string `json:"field"`
	AuthservID string `json:"authserv_id,omitempty"`
	Trusted    bool   `json:"trusted"`
	Received   int    `json:"received_above"`
	// BelowBoundary tells that whoever sent the message could have written it.
	BelowBoundary bool     `json:"below_boundary,omitempty"`
	Results       []string `json:"results"`
}

// Comparison is one recorded word beside the one computed now.
type Comparison struct {
	Method   string `json:"method"`
	Of       string `json:"of,omitempty"`
	Recorded string `json:"recorded"`
	Computed string `json:"computed"`
	Agrees   bool   `json:"agrees"`
	Why      string `json:"why,omitempty"` // the likely reason of a difference
}

// Question is one DNS question and its answer.
type Question struct {
	Type       string    `json:"type"`
	Name       string    `json:"name"`
	At         time.Time `json:"at,omitzero"` // the moment whose view was wanted
	Status     string    `json:"status"`
	Kind       string    `json:"kind,omitempty"`
	Records    []string  `json:"records,omitempty"`
	CNAMEs     []string  `json:"cnames,omitempty"`
	TTL        uint32    `json:"ttl,omitempty"`
	Source     string    `json:"source,omitempty"`
	ObservedAt time.Time `json:"observed_at,omitzero"`
	Since      time.Time `json:"since,omitzero"`
	Until      time.Time `json:"until,omitzero"`
	Nearest    bool      `json:"nearest,omitempty"`
	UsedBy     []string  `json:"used_by,omitempty"`
}

// Conclusion is something a postmaster can act on.
type Conclusion struct {
	Code string `json:"code"` // a stable word
	Text string `json:"text"`
}
