"""Changes as Debezium's connector for PostgreSQL writes them into Kafka, as JSON."""
