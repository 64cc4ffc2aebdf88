package main

import "io"

func (o *options) measureFlatness(w io.Writer) error { return nil }
