[.cveID, .vendorProject, .product, .vulnerabilityName, .dateAdded, .dueDate, .shortDescription, .ransomware, .score,
  .updatedAt]
