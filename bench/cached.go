package main

import "context"

func cached(ctx context.Context, l *lab) (findings, error) { return findings{}, nil }
