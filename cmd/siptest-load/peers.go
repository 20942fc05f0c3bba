package main

import "context"

type peersCommand struct{}

func (c *peersCommand) Run(ctx context.Context) error { return nil }
