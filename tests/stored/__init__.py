"""Files in the formats of released versions, with their answers at that time. They never change; new ones are added."""
