package reader

// The codes of problems.
const (
	CodeEmptyInput     = "empty_input"       // no byte in it, or a folder without any file
	CodeUnreadable     = "unreadable"        // could not be opened or listed
	CodeReadError      = "read_error"        // the system failed while reading; the message there is lost
	CodeTruncated      = "truncated"         // a compressed source or an archive ends too soon; the message there is lost
	CodeCorrupt        = "corrupt"           // a compressed source or an archive breaks its format
	CodeUnknownFormat  = "unknown_format"    // no known format begins like that
	CodeUnsupported    = "unsupported"       // known, but not read: a git repository that is no public-inbox
	CodeNotRegular     = "not_regular"       // a device, socket or FIFO inside a folder
	CodeAlreadyRead    = "already_read"      // a folder reached a second time, through a link
	CodeDepthLimit     = "depth_limit"       // folders or archives lie too deep in each other
	CodeExpansionLimit = "expansion_limit"   // a compressed source expands beyond all measure
	CodeArchiveLink    = "archive_link"      // a link inside an archive; never followed
	CodeArchiveMember  = "archive_member"    // a member that is neither a file nor a folder
	CodeEncrypted      = "encrypted"         // an encrypted archive member
	CodeMessageSize    = "message_too_large" // larger than what is put into a temporary file
	CodeSpoolFailed    = "spool_failed"      // a temporary file could not be written
	CodeNoFromLine     = "no_from_line"      // bytes of an mbox before its first From_ line
	CodeLogError       = "log_error"         // a log could not be read on
)

// The anomalies of framing.
const (
	AnomalyNoFinalNewline = "no_final_newline"        // the last line does not end
	AnomalyUnquotedFrom   = "unquoted_from_line"      // a body line begins with "From " and was not quoted
	AnomalyLeadingBytes   = "leading_bytes"           // a byte order mark or blank lines before the unit
	AnomalyContentLength  = "content_length_mismatch" // Content-Length, where the store keeps it, is wrong
	AnomalyEmlxCount      = "emlx_count_mismatch"     // the byte count of an .emlx is wrong
	AnomalyNUL            = "nul_bytes"               // bytes of value 0
	AnomalyEmptyMessage   = "empty_message"           // no byte between two From_ lines
)
