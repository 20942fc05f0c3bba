package config

// HarvestCheck is the check of searches for users.
type HarvestCheck struct {
	// Enabled is false to switch the check off.
	Enabled bool `yaml:"enabled"`
	// Networks is how many networks are remembered, 64 octets each.
	Networks int `yaml:"networks"`
}

func defaultHarvest() HarvestCheck { return HarvestCheck{Enabled: true, Networks: 16384} }

func (v *validation) harvestCheck() {
	if n := v.c.Checks.Harvest.Networks; n < 1 || n > 1<<24 {
		v.problem("checks.harvest.networks", "%d is out of range; keep it between 1 and %d", n, 1<<24)
	}
}
