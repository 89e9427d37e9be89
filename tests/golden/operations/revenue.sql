WITH groups AS materialized 
(SELECT CAST(date_trunc('month', timezone('America/Sao_Paulo', orders_1.order_date)) AS DATE) AS "key orderDate", customers_1.region AS "key customer.region", count(*) AS count, sum(orders_1.total) AS "sum.total", round(avg(orders_1.total), 4) AS "avg.total" 
FROM orders AS orders_1 LEFT OUTER JOIN customers AS customers_1 ON customers_1.id = orders_1.customer_id 
WHERE orders_1.status IS DISTINCT FROM $1::VARCHAR GROUP BY CAST(date_trunc('month', timezone('America/Sao_Paulo', orders_1.order_date)) AS DATE), customers_1.region)
 SELECT CAST(coalesce(string_agg(concat('{"key":{"orderDate":', coalesce(json_scalar(first_groups."key orderDate"), 'null'::json), ',"customer":{"region":', coalesce(json_scalar(first_groups."key customer.region"), 'null'::json), '}},"count":', first_groups.count, ',"sum":{"total":', coalesce(('"' || CAST(first_groups."sum.total" AS TEXT)) || '"', 'null'), '},"avg":{"total":', coalesce(('"' || CAST(first_groups."avg.total" AS TEXT)) || '"', 'null'), '}}'), ',' ORDER BY first_groups."sum.total" DESC, first_groups."key orderDate", first_groups."key customer.region"), '') AS VARCHAR) AS coalesce_1 
FROM (SELECT groups."key orderDate" AS "key orderDate", groups."key customer.region" AS "key customer.region", groups.count AS count, groups."sum.total" AS "sum.total", groups."avg.total" AS "avg.total" 
FROM groups ORDER BY groups."sum.total" DESC, groups."key orderDate", groups."key customer.region" 
 LIMIT $2::BIGINT) AS first_groups;
