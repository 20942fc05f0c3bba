package border

// accuse lets the sentry report a stranger for what the checks have found.
func (v *visit) accuse() {
	if v.from.stranger() && v.spared == "" {
		v.b.sentry.Accuse(v.site, &v.verdict, v.in.Packet.Flow, v.in.Packet.Now)
	}
}
