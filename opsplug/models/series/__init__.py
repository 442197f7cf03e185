"""Models of single time series: anomalies, forecasts, trends, outages."""
