// Package conformance holds the whole flow (reader, evidence, evaluate) against
// public test suites, against other implementations and against properties that
// every verdict must have, and keeps the score in docs/conformance.md.
//
// It is a module of its own so that the implementations it compares with never
// become dependencies of the product. Its tests skip what is not there: suites
// that are kept beside the repository, programs that are not installed. They
// fail where a verdict differs from another one without a reason in a table,
// where a table has a reason that nothing needs, and where the document is not
// what the run found. With -update they rewrite the document; removing it first
// drops the lines of comparisons that are no more.
//
// Programs outside Go are found by their names (perl, opendkim, python3); the
// environment variable CONFORMANCE_PYTHON names another interpreter, that of a
// virtual environment with dkimpy, authheaders and pynacl.
package conformance
