package rpc

// The fields of hc.v1 as they stand on the wire: number<<3 | type of the value.
// TestWireIsTheSchema holds them against the generated code.
const (
	varint  = 0
	fixed64 = 1
	length  = 2 // text, bytes, messages, packed numbers: a length and so many bytes
)

const ( // CheckRequest
	requestBatches = 1<<3 | length
	requestCancel  = 2<<3 | length
	requestCancel1 = 2<<3 | varint // the same, not packed
)

const ( // Batch
	batchID          = 1<<3 | varint
	batchTargets     = 2<<3 | length
	batchDeadline    = 3<<3 | length
	batchBrief       = 4<<3 | varint
	batchTraceparent = 5<<3 | length
	batchCaller      = 6<<3 | length
)

const ( // Target
	targetURL     = 1<<3 | length
	targetMethod  = 2<<3 | length
	targetExpect  = 3<<3 | length
	targetTimeout = 4<<3 | length
	targetFresh   = 5<<3 | varint
	targetMaxAge  = 6<<3 | length
	targetHeaders = 7<<3 | length
	targetBody    = 8<<3 | length
	targetTags    = 9<<3 | length
)

const ( // Header, HeaderRule
	pairName  = 1<<3 | length
	pairValue = 2<<3 | length
)

const ( // Expect
	expectAccept     = 1<<3 | length
	expectMaxLatency = 2<<3 | length
	expectBody       = 3<<3 | length
	expectHeaders    = 4<<3 | length
	expectCertDays   = 5<<3 | varint
)

const responseResults = 1<<3 | length // CheckResponse

const ( // Result
	resultBatch         = 1<<3 | varint
	resultSeq           = 2<<3 | varint
	resultOutcome       = 3<<3 | length
	resultReason        = 4<<3 | length
	resultStatusCode    = 5<<3 | varint
	resultAttempts      = 6<<3 | varint
	resultProtocol      = 7<<3 | length
	resultRemoteIP      = 8<<3 | length
	resultContentLength = 9<<3 | varint
	resultCached        = 10<<3 | varint
	resultCacheAge      = 11<<3 | varint
	resultCheckedAt     = 12<<3 | length
	resultTiming        = 13<<3 | length
	resultTLS           = 14<<3 | length
	resultWorker        = 15<<3 | length
	resultInput         = 16<<3 | length
	resultURL           = 17<<3 | length
	resultMethod        = 18<<3 | length
	resultExpect        = 19<<3 | length
	resultTags          = 20<<3 | length
	resultFinalURL      = 21<<3 | length
	resultRedirects     = 22<<3 | length
	resultError         = 23<<3 | length
	resultTemporary     = 24<<3 | varint
	resultRetryAfter    = 25<<3 | length
	resultLate          = 26<<3 | varint
)

const ( // Redirect
	redirectURL        = 1<<3 | length
	redirectStatusCode = 2<<3 | varint
)

const ( // Timing
	timingQueue      = 1<<3 | fixed64
	timingResolve    = 2<<3 | fixed64
	timingConnect    = 3<<3 | fixed64
	timingTLS        = 4<<3 | fixed64
	timingProcessing = 5<<3 | fixed64
	timingTransfer   = 6<<3 | fixed64
	timingTotal      = 7<<3 | fixed64
	timingReused     = 8<<3 | varint
)

const ( // TLS
	tlsVersion  = 1<<3 | length
	tlsIssuer   = 2<<3 | length
	tlsNotAfter = 3<<3 | length
	tlsDaysLeft = 4<<3 | varint
)

const ( // google.protobuf.Duration, google.protobuf.Timestamp
	timeSeconds = 1<<3 | varint
	timeNanos   = 2<<3 | varint
)
