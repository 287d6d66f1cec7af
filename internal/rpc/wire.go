package rpc

import (
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // the codec that wire embeds
	"google.golang.org/grpc/mem"
)

// maxMessage bounds a message in either direction, as gRPC itself does.
const maxMessage = 4 << 20

// A message is what is sent: encoded already, in memory that goes back to
// buffers once it is on its way.
type message *[]byte

// buffers lends out memory for messages.
func buffers() mem.BufferPool { return mem.DefaultBufferPool() }

// A reader is what is received into: it is handed the message, and keeps no part
// of it.
type reader func(b []byte) error

// wire passes messages of hc.v1 through, and leaves those of other services,
// health and reflection, to gRPC's own codec.
type wire struct{ encoding.CodecV2 }

func newWire() wire { return wire{encoding.GetCodecV2("proto")} }

// Marshal implements [encoding.CodecV2].
func (w wire) Marshal(v any) (mem.BufferSlice, error) {
	if m, ok := v.(message); ok {
		return mem.BufferSlice{mem.NewBuffer(m, buffers())}, nil
	}
	return w.CodecV2.Marshal(v)
}

// Unmarshal implements [encoding.CodecV2].
func (w wire) Unmarshal(data mem.BufferSlice, v any) error {
	read, ok := v.(reader)
	if !ok {
		return w.CodecV2.Unmarshal(data, v)
	}
	whole := data.MaterializeToBuffer(buffers())
	defer whole.Free()
	return read(whole.ReadOnlyData())
}
