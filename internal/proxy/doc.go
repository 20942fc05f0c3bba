// Package proxy forwards requests and their responses: RFC 3261 §16 with
// RFC 5393 (loop check, Max-Breadth), RFC 6026 §8 and RFC 4320.
//
// Two ways lead through it. A request that opens something is forwarded
// statefully: a context owns its branches, tries target after target and hop
// after hop, picks the best response, and cancels what is left over. A request
// inside a dialog that our signed Record-Route vouches for, other than INVITE and NOTIFY,
// goes from UDP to UDP statelessly (§16.11): its endpoints retransmit, nothing
// is kept, and its branch carries a check value over the Via that the response
// is to go back by, so that no forged response is reflected anywhere.
//
// Everything runs inside the transaction layer's shard of the call; nothing
// blocks. A look-up in DNS goes on elsewhere (Config.Go) and comes back by
// Layer.Do. What is not edited is forwarded byte for byte.
//
// Not done: recursion on 3xx (§16.5 leaves it to policy; a redirect from
// outside must not choose where we send), and stateless forwarding of requests
// outside dialogs.
package proxy
