package main

import "github.com/spf13/cobra"

func newCatCommand(s *streams) *cobra.Command { return &cobra.Command{Use: "cat"} }
