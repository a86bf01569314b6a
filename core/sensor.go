package core

// Sensor is what a pack brings to raise events. st2: metadata reference 5.
type Sensor struct {
	ID           string   `json:"id"`
	Pack         string   `json:"pack"`
	Class        string   `json:"class_name"`
	Description  string   `json:"description,omitempty"`
	Enabled      bool     `json:"enabled"`
	Meant        bool     `json:"meant"` // enabled as the metadata says; Enabled differs once somebody switched it
	EntryPoint   string   `json:"entry_point"`
	PollInterval float64  `json:"poll_interval,omitempty"` // seconds; 0: the sensor waits by itself
	TriggerTypes []string `json:"trigger_types"`           // refs
	MetadataFile string   `json:"metadata_file,omitempty"`
}

// Ref returns the sensor's reference, pack.class.
func (s *Sensor) Ref() string { return Ref(s.Pack, s.Class) }
