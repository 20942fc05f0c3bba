package arch

// whereWeightsComeFrom stands in docs/checks.md: people chose the weights, so nothing but people can say how.
const whereWeightsComeFrom = `
## Where the weights come from

No program has fitted a weight: each is a round figure that somebody has chosen, and the thresholds (label 4, introduce 6, reject 12) stood before the first check. What is learned are
strengths, while the server runs and from what people there say and do: which texts, callers and kinds of strangers are unwanted (` + "`CONTENT_SPAM`, `REPUTATION_…`, `STRANGER_RISK`, `STRANGER_MANY`" + `), and the
thresholds within the check ` + "`content`" + `.

| Weights | How they were chosen | What shows their worth |
|---|---|---|
| ` + "`STRANGER_…`, `FRIEND_IN_A_RUSH`, `REPUTATION_ZOMBIE`, `REPUTATION_WANTED_SENDER`" + ` | On the simulated calls of ` + "`make effect-calls`" + `, harm first. ` + "`STRANGER_PROVEN`" + ` at 3 and at 7 (ae4b602; 1,000 users, 60 days, the rules of that time): .12 and .80 % of wanted attempts blocked, 4.4 and 11.6 % of wanted automated calls lost, 72 and 77 % of unwanted attempts stopped. The rush by forty hijacked friends in each of six worlds (84c24a7). The others got their figures together with the rules that report them (475337f, 1ed76c2); no comparison of one of them alone was kept. | [calls.txt](effect/calls.txt), the rows ` + "`stranger` and `reputation`" + ` |
| ` + "`CONTENT_…`" + ` | By judgement: one of them labels or holds back, and it takes two to reject. What makes their strengths, features and constants, was chosen among some hundred sets in ten folds of the SMS Spam Collection, seeds 1 to 4, and with the log of 91 messages in view ([ADR 13](adr/0013-counts-and-style.md)). | [text.md](effect/text.md), and the row ` + "`content`" + ` of calls.txt |
| ` + "other `REPUTATION_…`" + ` | By judgement. How votes weigh was chosen among ten forms on the ratings of Bitcoin OTC. | [graphs.md](effect/graphs.md), and the row ` + "`reputation`" + ` |
| ` + "`LISTS_DECLARED`, `DECLARED_STRANGER`" + ` | To come out even, not to weigh: −2 is what a first contact counts (` + "`STRANGER_PARTIAL`; `STRANGER_PROVEN` less `IDENTITY_PROVEN`" + `), −10 what ` + "`STRANGER_RISK`" + ` does, each as far as the caller is proven: with attestation B the riskiest strangers are asked (12 − 6) instead of refused. Nothing is left over that would speak for a declared caller where something else is held against it, as a white list's −15 does; so whoever changes the weight of ` + "`STRANGER_RISK`" + ` changes this one with it. Not fitted. In the simulated calls nobody is declared; with all 25 machines of that world declared (1,500 users, 40 days, seed 1; d0022b3) 18 of 5,534 calls of theirs that were proven were not let through, each to somebody who had said that it was unwanted, instead of 70 of 5,574. | cmd/gatehouse/declared_test.go |
| all others | By judgement when the check was written, and as they were then: from 12 on is what suffices to reject by itself (lists, traps, toll fraud, what a domain asks for), from 4 to 10 what suffices to label or to ask, below that what only adds to others. | the check's row in calls.txt, its cases and tests |

calls.txt plays the same calls with all techniques but one and with each technique alone, check by check; there is no ablation of single signals. As of 1ea25ef 96.17 % of unwanted attempts are stopped with everything.
Without ` + "`stranger`" + ` it is 10.37 %, without ` + "`known`" + ` 95.75, without ` + "`identity`" + ` 95.81, without ` + "`number`" + ` 96.04, without ` + "`content`" + ` 96.09, without ` + "`tollfraud`" + ` 96.14; without ` + "`reputation`" + ` 96.25, but of wanted automated calls 1.30 % are lost instead of .43.
Without ` + "`display`, `flood`, `harvest`, `identity_policy`, `lists`, `rate` or `wangiri`" + ` no figure changes: what they are made for does not happen in that world, or others stop it as well, so it says nothing of their weights.

What was chosen on data looks better on them than it is. The figures of text.md are for the collection on which its constants were compared, and of the worlds of calls.txt the seeds 101 and 103 were looked at when the rush was weighed (84c24a7).
`
