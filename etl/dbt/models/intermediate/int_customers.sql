select customer_id, customer_name, region, tier, status, signup_date from {{ ref('dim_customers') }} where is_current
