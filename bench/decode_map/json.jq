.vulnerabilities[].cve | [.id, .vulnStatus, .published, .lastModified,
  (.descriptions | map(select(.lang == "en").value) | .[0]),
  .metrics.cvssMetricV31[0].cvssData.baseScore, .metrics.cvssMetricV31[0].cvssData.baseSeverity,
  .metrics.cvssMetricV31[0].exploitabilityScore, .weaknesses[0].description[0].value, .references[0].url]
