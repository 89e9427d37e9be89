WITH groups AS materialized 
(SELECT customers_2.id AS "key customer.id", count(*) AS count, sum(orders_1.total) AS "sum.total", max(orders_1.order_date) AS "max.orderDate" 
FROM orders AS orders_1 LEFT OUTER JOIN customers AS customers_2 ON customers_2.id = orders_1.customer_id 
WHERE true GROUP BY customers_2.id)
 SELECT CAST(coalesce(string_agg(concat('{"key":{"customer":{"id":', coalesce(('"' || ('Q3VzdG9tZXI6' || encode(textsend(CAST(first_groups."key customer.id" AS TEXT)), 'base64'))) || '"', 'null'), ',"node":', CASE WHEN (customers_1.id IS NULL) THEN 'null' ELSE concat('{"name":', json_scalar(customers_1.name), ',"tier":', CASE WHEN (customer_tiers_1.id IS NULL) THEN 'null' ELSE concat('{"name":"', upper(customer_tiers_1.name), '"}') END, '}') END, '}},"sum":{"total":', coalesce(('"' || CAST(first_groups."sum.total" AS TEXT)) || '"', 'null'), '},"max":{"orderDate":', coalesce(json_scalar(first_groups."max.orderDate"), 'null'::json), '}}'), ',' ORDER BY first_groups."sum.total" DESC, first_groups."key customer.id"), '') AS VARCHAR) AS coalesce_1 
FROM (SELECT groups."key customer.id" AS "key customer.id", groups.count AS count, groups."sum.total" AS "sum.total", groups."max.orderDate" AS "max.orderDate" 
FROM groups ORDER BY groups."sum.total" DESC, groups."key customer.id" 
 LIMIT $1::BIGINT) AS first_groups LEFT OUTER JOIN customers AS customers_1 ON customers_1.id = first_groups."key customer.id" LEFT OUTER JOIN customer_tiers AS customer_tiers_1 ON customer_tiers_1.id = customers_1.tier_id;
