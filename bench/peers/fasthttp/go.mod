module github.com/hc-health/hc/bench/peers/fasthttp

go 1.26.8

require (
	github.com/hc-health/hc v0.0.0
	github.com/valyala/fasthttp v1.78.0
)

require (
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/molecule-man/go-brrr v1.3.1 // indirect
	github.com/valyala/bytebufferpool v1.0.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
)

replace github.com/hc-health/hc => ../../..
