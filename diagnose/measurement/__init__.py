"""From the files of instruments to the fields of a case. Knows nothing of rules; numpy and scipy, loaded when used."""
