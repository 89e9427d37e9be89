with weeks as (
  select
    product_id,
    ln({{ real('units') }}) as log_units,
    ln({{ quotient('gross_amount', 'units') }}) as log_price
  from {{ ref('int_sales_weekly') }}
  where units > 0 and gross_amount > 0
    and week > (select {{ add_days('today', -730) }} from {{ ref('int_clock') }})
    -- The running week isn't over yet.
    and week < (select {{ week_of('today') }} from {{ ref('int_clock') }})
),

moments as (
  select
    product_id,
    count(*) as weeks,
    covar_samp(log_units, log_price) as covariance,
    var_samp(log_price) as price_variance,
    var_samp(log_units) as units_variance
  from weeks
  group by product_id
),

fitted as (
  select
    *,
    covariance / price_variance as elasticity,
    case when units_variance > 0 then covariance * covariance / (price_variance * units_variance) end as r_squared
  from moments
  -- A price that never moved says nothing about demand; neither do a few weeks.
  where weeks >= 12 and price_variance > 0.0001
)

select
  product_id,
  weeks,
  {{ ratio('elasticity') }} as elasticity,
  {{ ratio('sqrt((units_variance * (1 - least(r_squared, 1)) / price_variance) / (weeks - 2))') }} as standard_error,
  {{ ratio('r_squared') }} as r_squared,
  {{ ratio('sqrt(price_variance)') }} as price_variation,
  case when elasticity < -1 then 'elastic' when elasticity < 0 then 'inelastic' else 'not_decreasing' end as demand_response
from fitted
